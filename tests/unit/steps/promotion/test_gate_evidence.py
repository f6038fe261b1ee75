from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from faces.data.dataset import Faces, load_faces
from faces.data.split import Split
from faces.evaluation.accuracy_rules import CROSS_VALIDATED, check_floor
from steps.promotion import gate_evidence

FACES = load_faces("synthetic", people=4, images=4, seed=0)
TEST = np.arange(0, 16, 4)
SPLIT = Split(np.setdiff1d(np.arange(16), TEST), TEST, np.array([], dtype=np.int64), (), "")


class Perfect:
    """A model that recognises everybody."""

    def predict(self, pixels: Any) -> Any:
        return FACES.labels[
            [int(np.abs(FACES.pixels - row).sum(axis=1).argmin()) for row in pixels]
        ]


@pytest.fixture
def version(monkeypatch: pytest.MonkeyPatch) -> Any:
    artifacts: dict[str, Any] = {"faces": FACES, "split": SPLIT, "portable": Perfect()}
    monkeypatch.setattr(gate_evidence, "load_artifact", lambda version, name: artifacts[name])
    settings = {"model": "svm", "params": {"components": 8, "seed": 0}}
    return SimpleNamespace(run_metadata={"settings": settings, "data": {"people": 4}})


def predictions(faces: Faces = FACES) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "part": "baseline",
            "row": TEST,
            "id": faces.ids[TEST],
            "label": faces.labels[TEST],
            "predicted": faces.labels[TEST],
        }
    )


def test_few_test_images_are_replaced_by_a_cross_validation(version: Any) -> None:
    few = gate_evidence.measure_recognition(version, predictions(), minimum_images=20)
    assert (few.images, few.people) == (16, 4)
    assert few.correct > 8
    assert few.reference() > 0.5
    enough = gate_evidence.measure_recognition(version, predictions(), minimum_images=4)
    assert (enough.images, enough.correct) == (4, 4)
    assert enough.reference() > 0.5
    assert check_floor(few, minimum_share=0.1) is None


def test_versions_are_compared_by_cross_validation_too_if_few_images_are_held_out(
    version: Any,
) -> None:
    found = gate_evidence.compare_versions(version, version, predictions())
    assert (found["baseline"].images, found["baseline"].lost) == (4, 0)
    crossed = found[CROSS_VALIDATED]
    assert crossed.images == 16
    assert crossed.gained == crossed.lost == 0, "both versions are trained in the same way"
