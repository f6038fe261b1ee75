"""A model that was trained again differs if a single bit differs."""

from dataclasses import replace

import numpy as np
import pytest

from faces.data.split import Split
from faces.evaluation.reproduction import compare_metrics, compare_models, compare_splits
from faces.runtime.face_check import FaceCheck
from faces.runtime.portable import PortableModel

WEIGHTS = np.arange(12, dtype=np.float32).reshape(4, 3)
CHECK = FaceCheck(WEIGHTS, WEIGHTS[:, 0], 0.2)
MODEL = PortableModel(
    [("affine", {"weights": WEIGHTS}), ("softmax", {})],
    np.array(["ada", "ben", "eve"]),
    {},
    2.0,
    0.5,
    CHECK,
)


def split(train: list[int]) -> Split:
    rows = np.array([7], dtype=np.int64)
    return Split(np.array(train, dtype=np.int64), rows, rows, (), "all images")


def differences(model: PortableModel) -> dict[str, str]:
    return {s.name: s.difference for s in compare_models(MODEL, model) if not s.is_identical}


def test_equal_models_have_no_difference_in_any_stage() -> None:
    names = [stage.name for stage in compare_models(MODEL, MODEL)]
    assert names == [
        "people", "operator 0: affine", "operator 1: softmax", "calibration", "rejection threshold",
        "face check",
    ]  # fmt: skip
    assert differences(MODEL) == {}


def test_the_last_bit_of_a_weight_is_a_difference() -> None:
    changed = WEIGHTS.copy()
    changed[3, 2] = np.nextafter(changed[3, 2], np.float32(np.inf))
    model = replace(MODEL, operators=[("affine", {"weights": changed}), ("softmax", {})])
    found = differences(model)
    assert list(found) == ["operator 0: affine"]
    assert found["operator 0: affine"].startswith("weights differs by up to ")


@pytest.mark.parametrize(
    ("model", "stage"),
    [
        (replace(MODEL, classes=np.array(["ada", "ben", "zoe"])), "people"),
        (replace(MODEL, operators=MODEL.operators[:1]), "operator 1: softmax"),
        (replace(MODEL, logit_scale=2.0000001), "calibration"),
        (replace(MODEL, rejection_threshold=None), "rejection threshold"),
        (replace(MODEL, face_check=replace(CHECK, threshold=0.3)), "face check"),
        (replace(MODEL, face_check=None), "face check"),
        (
            replace(MODEL, operators=[("affine", {"weights": WEIGHTS.T}), ("softmax", {})]),
            "operator 0: affine",
        ),
    ],
)
def test_every_stage_is_compared(model: PortableModel, stage: str) -> None:
    assert list(differences(model)) == [stage]


def test_a_split_names_the_part_that_differs() -> None:
    assert compare_splits(split([1, 2]), split([1, 2])).is_identical
    assert "2 images" in compare_splits(split([1, 2]), split([1, 3])).difference


def test_a_missing_metric_is_a_difference() -> None:
    assert compare_metrics({"accuracy": 0.9}, {"accuracy": 0.9}).is_identical
    assert compare_metrics({"accuracy": 0.9}, {}).difference == "accuracy: 0.9, now None"
