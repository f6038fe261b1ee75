"""The best recogniser from training to the endpoint: it rejects people whom it does not know."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cli.runtime_env import ROOT
from faces.data.dataset import Faces, load_faces
from faces.evaluation.invariance import prediction_flip_rate
from tests.conftest import real_faces_are_here
from tests.e2e.conftest import Run, deployer

OWN = 30
REAL = real_faces_are_here()


@pytest.fixture(scope="module")
def everybody() -> Faces:
    return load_faces("olivetti") if REAL else load_faces("synthetic", people=40)


@pytest.fixture(scope="module")
def trained(run: Run, tmp_path_factory: pytest.TempPathFactory, everybody: Faces) -> dict[str, Any]:
    """Trained on the first seven images of thirty people, given as a folder of image files."""
    folder = tmp_path_factory.mktemp("people")
    for name in everybody.identities[:OWN]:
        (folder / name).mkdir()
        for row in np.flatnonzero(everybody.labels == name)[:7]:
            pixels = (everybody.images[row] * 255).round().astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{row}.png")
    summary = run("training", model="fisher", data=str(folder))
    run("deployment")
    return summary


def predict(images: np.ndarray) -> list[str]:
    from faces.client import send_faces

    endpoint, pixels = deployer().endpoint(), images.reshape(len(images), -1)
    answers = [send_faces(endpoint.url, pixels[at : at + 50]) for at in range(0, len(pixels), 50)]
    return [name for answer in answers for name in answer.predicted]


def test_training_reports_how_well_unknown_people_are_rejected(trained: dict[str, Any]) -> None:
    metrics = trained["metrics"]
    assert metrics["open_set_auroc"] > 0.97
    assert metrics["open_set_false_accept_rate"] < (0.15 if REAL else 0.3)
    assert metrics["open_set_true_accept_rate"] == pytest.approx(0.95, abs=0.03)


def test_known_people_are_recognised(trained: dict[str, Any], everybody: Faces) -> None:
    rows = np.concatenate(
        [np.flatnonzero(everybody.labels == name)[7:] for name in everybody.identities[:OWN]]
    )
    predicted = np.array(predict(everybody.images[rows]))
    assert (predicted == everybody.labels[rows]).mean() > 0.8
    wrong = (predicted != everybody.labels[rows]) & (predicted != "unknown")
    assert wrong.mean() < 0.05


def test_unknown_people_are_rejected(trained: dict[str, Any], everybody: Faces) -> None:
    others = everybody.images[~np.isin(everybody.labels, everybody.identities[:OWN])]
    predicted = predict(others)
    assert predicted.count("unknown") / len(predicted) > 0.85


def test_small_changes_do_not_change_the_prediction(
    trained: dict[str, Any], everybody: Faces
) -> None:
    """Unknown instead of a name, or the other way round, counts as a change."""
    rows = [np.flatnonzero(everybody.labels == name)[8] for name in everybody.identities[:OWN]]
    changed = prediction_flip_rate(lambda images: np.array(predict(images)), everybody.images[rows])
    assert max(changed.values()) <= 0.2, changed


def test_the_model_in_mlflow_loads_without_this_folder(
    trained: dict[str, Any], tmp_path: Path
) -> None:
    from zenml.client import Client

    tracker: Any = Client().active_stack.experiment_tracker
    code = (
        "import sys, mlflow, numpy as np; mlflow.set_tracking_uri(sys.argv[1]); "
        "model = mlflow.pyfunc.load_model('models:/face-recognizer/1'); "
        "print(sys.modules['faces'].__file__); "
        "print(model.predict(np.zeros((1, 4096), np.float32)).shape)"
    )
    bare = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    process = subprocess.run(
        [sys.executable, "-c", code, tracker.get_tracking_uri()],
        cwd=tmp_path, env=bare, capture_output=True, text=True,
    )  # fmt: skip
    *_, place, shape = process.stdout.splitlines()
    assert shape == f"(1, {OWN})", process.stderr[-800:]
    assert not Path(place).is_relative_to(ROOT), "the run has its own copy of the code"
