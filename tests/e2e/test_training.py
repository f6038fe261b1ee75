"""The training pipeline, on the Olivetti faces if they are available."""

import json
import shutil
import subprocess
import sys
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from faces.data.dataset import Faces
from faces.data.sources import credit
from faces.errors import UserError
from faces.models.batch import RecognisedFace
from tests.conftest import needs_real_faces, real_faces_are_here
from tests.e2e.conftest import Run

SOURCE = "olivetti" if real_faces_are_here() else "synthetic"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def train(run: Run) -> Run:
    return partial(run, "training", data=SOURCE)


@pytest.fixture(scope="module")
def first(train: Run) -> dict[str, Any]:
    return train()


def versions() -> list[int]:
    from zenml.client import Client

    return [v.number for v in Client().list_model_versions(model="face-recognizer").items]


def production() -> int:
    from store.versions import production_version

    version = production_version()
    assert version is not None
    return version.number


def champion() -> int:
    """The version that MLflow's registry names as the champion."""
    from mlflow import MlflowClient
    from zenml.client import Client

    tracker: Any = Client().active_stack.experiment_tracker
    client = MlflowClient(tracking_uri=tracker.get_tracking_uri(as_plain_text=False))
    return int(client.get_model_version_by_alias("face-recognizer", "champion").version)


def test_the_first_run_prints_a_summary(first: dict[str, Any]) -> None:
    data, metrics, model, run = (first[k] for k in ("data", "metrics", "model", "run"))
    assert data["source"] == SOURCE
    assert data["identities"] == 40
    assert data["train"] + data["test"] + data["drifted"] == 400
    assert (model["name"], model["version"], model["stage"]) == (
        "face-recognizer",
        1,
        "production",
    )
    assert model["reason"] == "promoted: there was no model in production"
    assert run["status"] == "completed"
    assert metrics["baseline_accuracy_low"] < metrics["baseline_accuracy"]
    assert metrics["drifted_accuracy"] < metrics["baseline_accuracy"] - 0.15
    if SOURCE == "olivetti":
        assert metrics["baseline_accuracy"] == pytest.approx(0.96, abs=0.03)
        assert metrics["drifted_accuracy"] == pytest.approx(0.64, abs=0.05)


def test_metrics_are_of_held_out_images(first: dict[str, Any]) -> None:
    from store.versions import load_artifact, production_version

    version = production_version()
    assert version is not None
    predictions, split = load_artifact(version, "predictions"), load_artifact(version, "split")
    faces: Faces = load_artifact(version, "faces")
    assert not set(predictions["id"]) & set(faces.ids[split.train])
    model = load_artifact(version, "model")
    baseline = predictions[predictions["part"] == "baseline"]["row"].to_numpy()
    accuracy = (model.predict(faces.pixels[baseline]) == faces.labels[baseline]).mean()
    assert accuracy == first["metrics"]["baseline_accuracy"]


def test_run_and_version_are_described_in_zenml(first: dict[str, Any]) -> None:
    from zenml.client import Client

    from store.versions import find_version

    run = Client().get_pipeline_run(first["run"]["id"])
    described = run.run_metadata["training"]
    assert isinstance(described, dict)
    assert described["version"] == first["model"]["version"]
    assert described["data_version"] == first["data"]["version"]
    assert described["condition"] == "yaw=frontal"
    assert described["people"] == first["data"]["identities"]
    assert described["training_images"] == first["data"]["train"]
    assert described["promoted"] is True
    assert f"promoted: {described['gate']}" == first["model"]["reason"]
    accuracy = first["metrics"]["drifted_accuracy"]
    assert described["drifted_accuracy"] == pytest.approx(accuracy, abs=1e-4)
    assert described["drifted_accuracy_interval"].startswith(
        f"{first['metrics']['drifted_accuracy_low']:.3f} to "
    )
    assert run.steps["promote_model"].run_metadata["training"] == described
    version = find_version(first["model"]["version"])
    assert version is not None
    assert version.run_metadata["data"] == {
        "people": first["data"]["identities"],
        **{name: first["data"][name] for name in ("condition", "train", "test", "drifted")},
    }


def test_mlflow_has_parameters_metrics_plots_and_the_model(
    first: dict[str, Any],
) -> None:
    import mlflow
    from mlflow import MlflowClient

    from store.versions import load_artifact, production_version

    version = production_version()
    assert version is not None
    mlflow.set_tracking_uri(first["run"]["tracker"].split()[-1])
    client = MlflowClient()
    run = client.get_run(str(version.run_metadata["tracker_run_id"]))
    assert run.data.metrics["baseline_accuracy"] == first["metrics"]["baseline_accuracy"]
    assert run.info.run_name == "training svm yaw=frontal, version 1"
    assert run.inputs is not None
    (used,) = run.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == (SOURCE, first["data"]["version"])
    assert json.loads(str(used.dataset.profile)) == {
        "people": first["data"]["identities"],
        **{name: first["data"][name] for name in ("train", "test", "drifted")},
    }
    assert mlflow.data.get_source(used).to_dict()["tags"] == {"credit": credit(SOURCE)}
    assert run.data.params["condition"] == "yaw=frontal"
    assert run.data.params["params.components"] == "60"
    assert len(client.list_artifacts(run.info.run_id, "plots")) == 4
    assert len(client.list_artifacts(run.info.run_id, "tables")) == 2

    registered = client.get_model_version_by_alias("face-recognizer", "champion")
    assert registered.tags["data_version"] == first["data"]["version"]
    assert registered.source is not None
    figures = client.get_logged_model(registered.source.removeprefix("models:/")).metrics
    assert {figure.key: figure.value for figure in figures or []} == run.data.metrics
    model = mlflow.pyfunc.load_model("models:/face-recognizer@champion")
    pixels = load_artifact(version, "faces").pixels[:40]
    ours = load_artifact(version, "model").predict_proba(pixels)
    assert np.allclose(model.predict(np.asarray(pixels)), ours, atol=1e-5)
    kept = Path(mlflow.artifacts.download_artifacts(registered.source))
    files = {file.relative_to(kept).as_posix() for file in kept.rglob("*") if file.is_file()}
    assert {"data/model.npz", "code/faces/runtime/portable.py"} <= files
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".joblib"))]


def test_the_version_can_be_trained_again_bit_for_bit(run: Run, first: dict[str, Any]) -> None:
    from store.versions import production_version

    version = production_version()
    assert version is not None
    recorded = version.run_metadata["provenance"]
    assert isinstance(recorded, dict)
    assert {"commit", "code", "pins", "numpy", "scikit-learn", "machine"} <= recorded.keys()
    with threadpool_limits(2):
        again = run("reproduce", version=version.number)
    assert [stage["name"] for stage in again["stages"]][:2] == ["data", "split"]
    assert [stage for stage in again["stages"] if stage["difference"]] == []
    assert again["identical"]
    assert again["environment"] == {}
    assert versions() == [1], "nothing is registered"


def test_a_repeated_run_is_cached_and_creates_no_version(train: Run, first: dict[str, Any]) -> None:
    from zenml.client import Client

    again = train()
    assert again["model"]["version"] == 1
    assert again["model"]["reason"] == "unchanged: this version is in production already"
    assert again["metrics"] == first["metrics"]
    steps = Client().get_pipeline_run(again["run"]["id"]).steps
    ran = {name for name, step in steps.items() if step.status.value != "cached"}
    assert ran == {"load_faces", "promote_model"}


def test_a_cached_run_imports_no_package_that_it_does_not_use(first: dict[str, Any]) -> None:
    heavy = ("sklearn", "mlflow", "matplotlib", "evidently")
    code = (
        "import sys\nfrom cli.main import main\n"
        f"assert main(['--pipeline', 'training', '--data', '{SOURCE}']) == 0\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "✓ register model cached" in done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_without_the_cache_every_step_runs_again(train: Run, first: dict[str, Any]) -> None:
    from zenml.client import Client

    again = train(cached=False)
    steps = Client().get_pipeline_run(again["run"]["id"]).steps
    assert {step.status.value for step in steps.values()} == {"completed"}
    assert again["metrics"] == first["metrics"]


def test_another_model_creates_a_version_and_keeps_the_old_one(
    train: Run, first: dict[str, Any]
) -> None:
    from store.versions import find_version, load_artifact

    known = max(versions())
    second = train(model="logistic")
    assert int(second["model"]["version"]) == known + 1
    previous = find_version(1)
    assert previous is not None
    assert previous.run_metadata["data_version"] == first["data"]["version"]
    assert load_artifact(previous, "model").predict(load_artifact(previous, "faces").pixels[:1])


def test_a_recorded_gate_decision_never_changes(train: Run, first: dict[str, Any]) -> None:
    from store.versions import require_version

    recorded = {number: require_version(number).run_metadata["gate"] for number in versions()}
    assert recorded[1] == first["model"]["reason"]
    again = train()
    assert again["model"]["reason"] != recorded[again["model"]["version"]]
    assert recorded == {n: require_version(n).run_metadata["gate"] for n in versions()}


def test_a_model_without_pca_is_trained_promoted_and_registered(
    train: Run, first: dict[str, Any]
) -> None:
    from steps.promotion.champion import sync_champion
    from store.production import set_production
    from store.versions import find_version, load_artifact

    before = find_version(production())
    result = train(model="lbp")
    version = find_version(result["model"]["version"])
    assert version is not None
    assert "pca_components" not in result["metrics"]
    assert load_artifact(version, "portable").operators[0][0] == "lbp_histogram"
    assert "eigenfaces" not in load_artifact(version, "plots")
    assert before is not None
    if result["model"]["promoted"]:
        assert set_production(before, instead_of=version)
        sync_champion()


def test_the_detector_belongs_to_the_version(train: Run, first: dict[str, Any]) -> None:
    from store.versions import find_version, load_artifact

    never_promoted = "gate: {minimum_share: 1}"
    other = train(never_promoted, detector="mmd", seed=4)
    for number, name in ((1, "moments"), (other["model"]["version"], "mmd")):
        version = find_version(number)
        assert version is not None
        fitted = load_artifact(version, "drift_detector")
        assert fitted.detector.name == name
        faces, split = load_artifact(version, "faces"), load_artifact(version, "split")
        rows = split.test[:25]
        result = fitted.detector.test(np.asarray(faces.images[rows]), faces.labels[rows])
        assert result.detector == name


def test_a_worse_model_is_rejected_and_production_stays(train: Run, first: dict[str, Any]) -> None:
    before = production()
    worse = train("params: {components: 2}")
    assert worse["model"]["stage"] == "none"
    assert not worse["model"]["promoted"]
    assert worse["model"]["reason"].startswith("rejected: it recognises too little")
    assert production() == before == champion()


def test_a_model_that_lacks_people_of_production_is_rejected(
    train: Run, first: dict[str, Any]
) -> None:
    fewer = train(condition="glasses")
    if fewer["data"]["left_out"]:
        assert "people that production knows" in fewer["model"]["reason"]
        assert fewer["model"]["stage"] == "none"
    else:
        assert fewer["model"]["promoted"] is (fewer["model"]["stage"] == "production")


@pytest.mark.skipif(SOURCE == "synthetic", reason="production is synthetic without real faces")
def test_synthetic_faces_never_replace_real_ones(train: Run, first: dict[str, Any]) -> None:
    before = production()
    drawn = train("data: {people: 6}", data="synthetic")
    assert drawn["model"]["reason"] == (
        "rejected: synthetic faces never replace a model of real people"
    )
    assert production() == before


def test_synthetic_faces_are_never_promoted_on_a_stack_that_is_not_local(
    train: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from steps.promotion import promote_model

    monkeypatch.setattr(promote_model, "_stack_is_local", lambda: False)
    drawn = train("data: {people: 5}", data="synthetic")
    assert drawn["model"]["reason"] == "rejected: synthetic faces are for local stacks only"


def test_a_run_and_a_version_are_tagged_with_their_source(
    train: Run, first: dict[str, Any]
) -> None:
    from zenml.client import Client

    from store.versions import find_version

    version = find_version(1)
    assert version is not None
    for thing in (Client().get_pipeline_run(first["run"]["id"]), version):
        assert f"data:{SOURCE}" in [tag.name for tag in thing.tags]


def test_the_registry_is_updated_after_a_killed_run(
    train: Run, first: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from steps.promotion import promote_model

    def killed() -> None:
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(promote_model, "sync_champion", killed)
        with pytest.raises(SystemExit):
            train("model: logistic\nparams: {C: 9.0}")
    assert production() == max(versions())
    assert champion() != production()
    train("model: logistic\nparams: {C: 9.0}")
    assert champion() == production()


def test_a_concurrent_change_of_production_is_detected(first: dict[str, Any]) -> None:
    from store.versions import find_version, production_version, set_production_stage

    candidate, present = find_version(1), production_version()
    assert candidate is not None
    assert not set_production_stage(candidate, instead_of=None)
    assert not set_production_stage(candidate, instead_of=candidate)
    assert production_version() == present


@needs_real_faces
def test_a_production_that_cannot_be_compared_is_not_replaced(
    train: Run, first: dict[str, Any]
) -> None:
    """A version without a model was moved into production manually."""
    from zenml.client import Client

    from store.versions import production_version, set_production_stage

    before = production_version()
    empty = Client().create_model_version("face-recognizer", description="nothing in it")
    assert set_production_stage(empty, instead_of=before)
    rejected = train("params: {components: 50}")
    assert rejected["model"]["reason"].startswith("rejected: nothing to compare with: version")
    assert production() == empty.number
    assert before is not None
    assert set_production_stage(before, instead_of=empty)


def test_a_deleted_version_is_reported(first: dict[str, Any]) -> None:
    from steps.promotion.promote_model import promote_model

    with pytest.raises(UserError, match="version 999 of face-recognizer was deleted"):
        promote_model.entrypoint(
            version=999, metrics={}, tolerances={}, minimum_images=1, minimum_share=0
        )


def test_training_on_a_folder_of_images(train: Run, people_folder: Path, tmp_path: Path) -> None:
    bare = tmp_path / "people"
    shutil.copytree(people_folder, bare)
    (bare / "conditions.csv").unlink()
    own = train(data=str(bare))
    assert own["data"] | {"version": "", "requested": ""} == {
        "source": "folder",
        "requested": "",
        "version": "",
        "identities": 4,
        "condition": "all images",
        "requested_condition": "auto",
        "train": 24,
        "test": 8,
        "drifted": 0,
        "left_out": [],
        "skipped": [],
    }
    assert own["metrics"]["drifted_accuracy"] is None
    assert "it knows different people" in own["model"]["reason"] or SOURCE == "synthetic"


def test_a_batch_that_was_killed_is_continued(
    run: Run, first: dict[str, Any], people_folder: Path, tmp_path: Path, monkeypatch
) -> None:
    from zenml.client import Client

    def killed(what: str, done: int, total: int) -> None:
        if done:
            raise SystemExit("killed")

    files = {"data": str(people_folder), "csv": str(tmp_path / "faces.csv")}
    with monkeypatch.context() as patch:
        patch.setattr("faces.models.batch.KEEP_EVERY_SECONDS", 0)
        patch.setattr("steps.inference.recognise_batch.report_progress", killed)
        with pytest.raises(SystemExit):
            run("batch", **files, version="1")
    done = run("batch", **files, version="1")
    assert (done["pictures"], done["continued"], done["version"]) == (32, 8, 1)
    assert done["skipped"] == ["conditions.csv: .csv is not supported"]
    table = pd.read_csv(files["csv"])
    assert len(table) == done["faces"] == 32
    assert list(table.columns) == [field.name for field in fields(RecognisedFace)]
    assert Path(files["csv"]).stat().st_mode & 0o777 == 0o600
    store = Path(Client().active_stack.artifact_store.path)
    assert not list(store.glob("unfinished-batches/*"))
    with pytest.raises(UserError, match="unknown version '999': choose from 1"):
        run("batch", **files, version="999")


def test_invalid_data_creates_no_version(train: Run, people_folder: Path, tmp_path) -> None:
    broken = tmp_path / "people"
    shutil.copytree(people_folder, broken)
    next(broken.glob("*/*.png")).write_bytes(b"no image")
    before = versions()
    with pytest.raises(UserError, match="is not an image"):
        train(data=str(broken))
    assert versions() == before


def test_a_store_that_cannot_be_written_creates_no_version(train: Run, first) -> None:
    from zenml.client import Client

    store = Path(Client().active_stack.artifact_store.path)
    before, aside = versions(), store.with_name("aside")
    store.rename(aside)
    try:
        store.write_text("a file where a folder should be")
        with pytest.raises(OSError, match=store.name):
            train(cached=False)
    finally:
        store.unlink()
        aside.rename(store)
    assert versions() == before


def test_data_can_be_requested_by_its_version(run: Run, first: dict[str, Any]) -> None:
    from store.versions import require_version

    wanted = first["data"]["version"]
    again = run("training", data=f"version:{wanted[:6]}")
    assert again["data"]["version"] == wanted
    assert again["data"]["source"] == SOURCE
    hashes = [
        require_version(number).run_metadata["portable_hash"]
        for number in (1, again["model"]["version"])
    ]
    assert hashes[0] == hashes[1]
    with pytest.raises(UserError, match=f"did you mean '{wanted}'"):
        run("training", data=f"version:{wanted[:-1]}x")
