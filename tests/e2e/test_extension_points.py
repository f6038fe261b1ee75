"""New modules are found, and cache keys cover what steps import: in a copy of the repository."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "cli", "components", "configs", "faces", "pipelines", "serving", "stacks", "steps", "store",
)  # fmt: skip

SOURCE = '''
"""Striped test images."""

import numpy as np
import pandas as pd

from faces.data.sources.base import DataSource, GeneratorSettings, RawFaces


def load(settings: GeneratorSettings) -> RawFaces:
    rng = np.random.default_rng(settings.seed)
    labels = np.repeat([f"p{n}" for n in range(9)], 8)
    stripes = np.stack([np.tile(rng.random(64), (64, 1)) for _ in range(9)])
    noise = rng.normal(0, 0.02, (len(labels), 64, 64))
    images = np.clip(np.repeat(stripes, 8, axis=0) + noise, 0, 1).astype(np.float32)
    rows = np.arange(len(labels)) % 4
    return images, labels, conditions().iloc[rows].reset_index(drop=True)


def conditions() -> pd.DataFrame:
    return pd.DataFrame({"yaw": ["frontal", "frontal", "frontal", "left"]})


SOURCE = DataSource("stripes", "stripes, generated for a test", True, load, conditions)
'''

RECOGNISER = '''
"""The nearest class mean."""

from typing import Annotated

from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import Pipeline

from faces.models.estimators.discriminants import CosineNearestMean
from faces.models.estimators.folds import StratifiedAugmentedKFold


def build(
    *,
    calibration_folds: Annotated[int, "folds of the calibration"] = 3,
    seed: Annotated[int, "unused"] = 0,
) -> Pipeline:
    """Build the model.

    Args:
        calibration_folds: Folds of the calibration.
        seed: Unused.
    """
    folds = StratifiedAugmentedKFold(calibration_folds)
    mean = CosineNearestMean()
    calibrated = CalibratedClassifierCV(mean, method="temperature", cv=folds, ensemble=False)
    return Pipeline([("identity", "passthrough"), ("classifier", calibrated)])
'''

DETECTOR = '''
"""Mean brightness."""

from faces.drift.detectors.moments import DriftDetector


class Brightness(DriftDetector):
    """The default detector under another name."""

    name = "brightness"
'''

PIPELINE = '''
"""Say hello."""

from typing import Annotated, Literal

from pydantic import Field
from zenml import pipeline, step

from components.settings import CommandLine, Settings
from pipelines.shared.summary import RunInfo, Summary, outputs_of


class HelloSettings(Settings):
    name: Annotated[str, CommandLine()] = Field(default="world", description="who")


SETTINGS = HelloSettings


@step(enable_cache=False)
def greet(name: str) -> Annotated[str, "greeting"]:
    return f"hello {name}"


@pipeline(name="hello", enable_cache=False)
def hello(settings: HelloSettings) -> None:
    greet(settings.name)


class HelloSummary(Summary):
    pipeline: Literal["hello"] = "hello"
    greeting: str


def summarize(run) -> HelloSummary:
    return HelloSummary(run=RunInfo.of(run), greeting=outputs_of(run)["greeting"].load())
'''


class Copy:
    """A copy of the repository, with an isolated ZenML configuration."""

    def __init__(self, folder: Path) -> None:
        self.root, self.home = folder / "project", folder / "zenml"
        for name in PACKAGES:
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, self.root / name, ignore=ignore)
        shutil.copy(ROOT / "run.py", self.root)
        (self.root / "requirements").symlink_to(ROOT / "requirements")

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text)

    def append(self, path: str, text: str) -> None:
        with (self.root / path).open("a") as file:
            file.write(text)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"ZENML_CONFIG_PATH": str(self.home)}
        for name in ("ZENML_ACTIVE_STACK_ID", "ZENML_CUSTOM_SOURCE_ROOT"):
            environment.pop(name, None)
        return subprocess.run(
            [sys.executable, "run.py", *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
        )

    def pipeline(self, name: str, *options: str) -> tuple[dict, dict[str, bool]]:
        """Run a pipeline; return its summary, and for each step whether it was cached."""
        file = self.root / "summary.json"
        process = self.run("--pipeline", name, *options, "--summary", str(file))
        assert process.returncode == 0, process.stderr
        lines = [line.split() for line in process.stderr.splitlines() if "✓" in line]
        cached = {" ".join(words[1:-1]): words[-1] == "cached" for words in lines}
        return json.loads(file.read_text()), cached


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("copy"))


def test_a_new_source_recogniser_and_detector_are_one_module_each(copy: Copy) -> None:
    copy.write("faces/data/sources/stripes.py", SOURCE)
    copy.write("faces/models/recognisers/nearest_mean.py", RECOGNISER)
    copy.write("faces/drift/detectors/brightness.py", DETECTOR)
    listed = copy.run("--list").stdout
    for name in ("stripes", "nearest_mean", "brightness"):
        assert name in listed
    summary, _ = copy.pipeline(
        "training", "--data", "stripes", "--model", "nearest_mean", "--detector", "brightness"
    )
    assert summary["data"]["source"] == "stripes"
    assert summary["data"]["identities"] == 9
    assert summary["model"]["promoted"]
    assert summary["metrics"]["baseline_accuracy"] > 0.9
    assert "pca_components" not in summary["metrics"]


def test_a_new_pipeline_is_one_module(copy: Copy) -> None:
    copy.write("pipelines/hello.py", PIPELINE)
    summary, _ = copy.pipeline("hello", "--name", "ada")
    assert summary["greeting"] == "hello ada"
    assert "hello            Say hello." in copy.run("--help").stdout
    assert "--name" in copy.run("--pipeline", "hello", "--help").stdout


def test_only_steps_that_import_a_changed_module_run_again(copy: Copy) -> None:
    copy.write("small.yaml", "data: {people: 12, images: 8}\nparams: {components: 20}\n")
    options = ("--data", "synthetic", "--config", "small.yaml")
    copy.pipeline("training", *options)
    copy.append("faces/reports/plots.py", "\n# A comment.\n")
    _, cached = copy.pipeline("training", *options)
    assert not cached["plot results"]
    for step in (
        "split faces",
        "fit features",
        "train model",
        "export model",
        "fit drift detector",
    ):
        assert cached[step], step

    copy.append("faces/runtime/lbp.py", "\n# A comment.\n")
    _, cached = copy.pipeline("training", *options)
    for step in ("fit features", "train model", "export model"):
        assert not cached[step], step
    assert cached["split faces"]
