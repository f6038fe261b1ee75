"""The modules of docs/how-to/extend.md are found, and cache keys cover what steps import.

Everything happens in a copy of the repository.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "cli", "components", "configs", "faces", "pipelines", "serving", "stacks", "steps", "store",
)  # fmt: skip

MODULES = dict(
    re.findall(
        r"^```python\n# (\S+\.py)\n(.*?)^```$",
        (ROOT / "docs/how-to/extend.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
)
"""The modules that the documentation shows, by path."""


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

    def add_module(self, name: str) -> None:
        (path,) = (path for path in MODULES if path.endswith(f"/{name}.py"))
        self.write(path, MODULES[path])

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
    names = ("stripes", "nearest_mean", "mean_shift")
    for name in names:
        copy.add_module(name)
    listed = copy.run("--list").stdout
    assert all(name in listed for name in names)
    summary, _ = copy.pipeline(
        "training", "--data", "stripes", "--model", "nearest_mean", "--detector", "mean_shift"
    )
    assert summary["data"]["source"] == "stripes"
    assert summary["data"]["identities"] == 9
    assert summary["model"]["promoted"]
    assert summary["metrics"]["baseline_accuracy"] > 0.9
    assert "pca_components" not in summary["metrics"]


def test_a_new_pipeline_is_one_module(copy: Copy) -> None:
    copy.add_module("hello")
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
