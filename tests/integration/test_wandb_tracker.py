"""Training with Weights & Biases offline: what it recorded is read back from the run's files."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import isolated_zenml, run_pipeline

CONFIG = "data: {source: synthetic, people: 8, images: 6}\nparams: {components: 12}\n"
STACK = "local-wandb"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with isolated_zenml(tmp_path_factory.mktemp("zenml-wandb")) as home:
        for name in [name for name in os.environ if name.startswith("WANDB_")]:
            del os.environ[name]
        os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true"}
        yield home


def run(
    folder: Path, pipeline: str, text: str, stack: str = STACK, **options: Any
) -> dict[str, Any]:
    return run_pipeline(folder, pipeline, text, stack=stack, **options)


@pytest.fixture(scope="module")
def trained(home: Path) -> dict[str, Any]:
    return run(home, "training", CONFIG)


class OfflineRun:
    """A run as W&B's own reader returns it from the file of an offline run."""

    def __init__(self, file: Path) -> None:
        from wandb.proto import wandb_internal_pb2 as proto
        from wandb.sdk.internal.datastore import DataStore

        self.folder = file.parent
        self.config: dict[str, Any] = {}
        self.summary: dict[str, Any] = {}
        self.artifacts: list[Any] = []
        self.run: Any = None
        store = DataStore()
        store.open_for_scan(str(file))
        while (data := store.scan_data()) is not None:
            self._add(proto.Record.FromString(data))  # type: ignore[attr-defined]

    def _add(self, record: Any) -> None:
        if record.HasField("run"):
            self.run = record.run
            self._configure(record.run.config)
        if record.HasField("config"):
            self._configure(record.config)
        for updated in (record.summary, record.run.summary):
            for item in updated.update:
                self.summary[item.key or "/".join(item.nested_key)] = json.loads(item.value_json)
        if record.request.HasField("log_artifact"):
            self.artifacts.append(record.request.log_artifact.artifact)
        if record.HasField("artifact"):
            self.artifacts.append(record.artifact)

    def _configure(self, config: Any) -> None:
        for item in config.update:
            self.config[item.key or "/".join(item.nested_key)] = json.loads(item.value_json)


def offline_runs(home: Path) -> list[OfflineRun]:
    return [OfflineRun(file) for file in sorted(home.rglob("offline-run-*/run-*.wandb"))]


@pytest.fixture(scope="module")
def recorded(home: Path, trained: dict[str, Any]) -> OfflineRun:
    (run,) = offline_runs(home)
    return run


def test_training_ends_with_a_version_in_production(trained: dict[str, Any], home: Path) -> None:
    from store.versions import production_version

    version = production_version()
    assert version is not None
    assert version.number == trained["model"]["version"] == 1
    present = {name: value for name, value in trained["metrics"].items() if value is not None}
    assert version.run_metadata["metrics"] == present
    assert trained["run"]["stack"] == STACK
    assert trained["run"]["tracker"].startswith(f"wandb sync {home}")
    assert not Path("wandb").exists(), "nothing is written to the working folder"


def test_settings_and_data_version_are_in_the_config(
    recorded: OfflineRun, trained: dict[str, Any]
) -> None:
    assert recorded.config["data.source"] == "synthetic"
    assert recorded.config["model"] == "svm"
    assert recorded.config["params.components"] == 12
    assert recorded.config["data_version"] == trained["data"]["version"]
    assert recorded.config["dataset"]["version"] == trained["data"]["version"]
    assert recorded.config["dataset"]["counts"]["train"] == trained["data"]["train"]
    assert recorded.run.display_name == "training svm yaw=frontal"
    assert recorded.run.project == "face-recognizer"
    assert trained["data"]["version"] in recorded.run.notes


def test_metrics_are_in_the_summary(recorded: OfflineRun, trained: dict[str, Any]) -> None:
    metrics = {name: value for name, value in trained["metrics"].items() if value is not None}
    assert "baseline_accuracy" in metrics
    assert {name: recorded.summary[name] for name in metrics} == pytest.approx(metrics)


def test_plots_tables_and_the_model_card_are_among_the_files(recorded: OfflineRun) -> None:
    from store.versions import load_artifact, production_version

    version = production_version()
    assert version is not None
    media = recorded.folder / "files" / "media"
    plots = load_artifact(version, "plots")
    assert plots
    assert {file.name.split("_0_")[0] for file in media.rglob("*.png")} == set(plots)
    tables = {file.name.split("_0_")[0]: file for file in media.rglob("*.table.json")}
    assert set(tables) == {"accuracy_by_condition", "confusions"}
    table = json.loads(tables["accuracy_by_condition"].read_text())
    expected = load_artifact(version, "accuracy_by_condition")
    assert table["columns"] == list(expected.columns)
    assert len(table["data"]) == len(expected)
    (card,) = media.rglob("*.html")
    assert card.read_text() == load_artifact(version, "model_card")["page.html"]


def test_the_portable_model_is_an_artifact(recorded: OfflineRun, home: Path) -> None:
    from faces.runtime.portable import read_portable
    from store.versions import load_artifact, production_version

    version = production_version()
    assert version is not None
    (artifact,) = [a for a in recorded.artifacts if a.type == "model"]
    assert artifact.name == "face-recognizer"
    (entry,) = artifact.manifest.contents
    assert entry.path == "model.npz"
    data = Path(entry.local_path).read_bytes()
    assert Path(entry.local_path).is_relative_to(home)
    model = read_portable(data, str(version.run_metadata["portable_hash"]))
    pixels = load_artifact(version, "faces").pixels[:5]
    expected = load_artifact(version, "model").predict_proba(pixels)
    assert model.predict_proba(pixels) == pytest.approx(expected, abs=1e-5)


def test_every_trial_of_a_sweep_is_a_run(home: Path, trained: dict[str, Any]) -> None:
    before = len(offline_runs(home))
    sweep = CONFIG.splitlines()[0] + "\nspaces: {svm: {components: [8, 12]}}\n"
    summary = run(home, "sweep", sweep, trials=2)
    assert (summary["sweep"]["tried"], summary["sweep"]["reused"]) == (2, 0)
    trials = [r for r in offline_runs(home)[before:] if r.run.job_type == "trial"]
    assert len(trials) == 2
    assert len({trial.run.run_group for trial in trials}) == 1, "one group for the study"
    assert len({trial.config["trial"] for trial in trials}) == 2
    assert {trial.config["model"] for trial in trials} == {"svm"}
    best = max(trial.summary["accuracy"] for trial in trials)
    assert summary["sweep"]["accuracy"] == pytest.approx(best)


def test_the_same_training_with_mlflow_is_recorded_there_and_not_taken_from_the_cache(
    home: Path, trained: dict[str, Any], recorded: OfflineRun
) -> None:
    before = len(offline_runs(home))
    summary = run(home, "training", CONFIG, stack="local")
    assert summary["model"]["version"] > trained["model"]["version"]
    assert "mlflow ui --backend-store-uri sqlite:" in summary["run"]["tracker"]
    assert summary["metrics"] == pytest.approx(trained["metrics"])
    assert len(offline_runs(home)) == before
