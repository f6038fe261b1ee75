import numpy as np
import pandas as pd
import pytest

from faces.data.dataset import Faces
from faces.evaluation.metrics import (
    accuracy_by_condition,
    calibration_error,
    confusions,
    measure,
    predict_rows,
    wilson_interval,
)
from faces.runtime.portable import PortableModel


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_match_published_values(
    correct: int, n: int, low: float, high: float
) -> None:
    assert wilson_interval(correct, n) == pytest.approx((low, high), abs=5e-5)


def test_the_wilson_interval_of_no_trials_is_zero_to_one() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_calibration_error_equals_a_manual_calculation() -> None:
    confidence = np.array([0.95, 0.95, 0.55, 0.55, 1.0])
    correct = np.array([True, True, True, False, False])
    # bins (0.5, 0.6] and (0.9, 1.0]: |1/2 - 0.55| · 2/5 + |2/3 - 2.9/3| · 3/5
    assert calibration_error(confidence, correct) == pytest.approx(0.02 + 0.18)
    assert calibration_error(np.ones(4), np.ones(4, bool)) == 0


PREDICTIONS = pd.DataFrame(
    {
        "id": list("abcdef"),
        "part": ["baseline"] * 3 + ["drifted"] * 3,
        "label": ["ada", "ada", "bob", "bob", "bob", "ada"],
        "predicted": ["ada", "ada", "bob", "ada", "ada", "ada"],
        "confidence": [0.9, 0.8, 0.7, 0.6, 0.9, 0.5],
        "yaw": ["frontal"] * 3 + ["left", "left", "right"],
    }
)


def test_metrics_equal_a_manual_calculation() -> None:
    metrics = measure(PREDICTIONS)
    assert metrics["baseline_accuracy"] == 1
    assert metrics["drifted_accuracy"] == pytest.approx(1 / 3)
    assert metrics["drifted_images"] == 3
    # of ada: precision 1/3, recall 1, F1 1/2; of bob 0
    assert metrics["drifted_macro_f1"] == pytest.approx(0.25)
    low, high = metrics["drifted_accuracy_low"], metrics["drifted_accuracy_high"]
    assert (low, high) == wilson_interval(1, 3)


def test_without_drifted_images_there_are_no_drifted_metrics() -> None:
    names = measure(PREDICTIONS[PREDICTIONS["part"] == "baseline"])
    assert not [name for name in names if name.startswith("drifted")]


def test_accuracy_by_condition_and_confusions() -> None:
    table = accuracy_by_condition(PREDICTIONS, ["yaw"]).set_index(["part", "value"])
    assert dict(table["accuracy"]) == {
        ("baseline", "frontal"): 1.0,
        ("drifted", "left"): 0.0,
        ("drifted", "right"): 1.0,
    }
    pairs = confusions(PREDICTIONS)
    assert pairs.values.tolist() == [["drifted", "bob", "ada", 2, 0.9]]


def test_the_most_probable_person_is_predicted(drawn: Faces) -> None:
    offset = np.log(np.array([8, 8, 4], np.float32))
    affine = {"weights": np.zeros((4096, 3), np.float32), "offset": offset}
    classes = np.array(drawn.identities[:3])
    model = PortableModel([("affine", affine), ("softmax", {})], classes, {})
    table = predict_rows(model, drawn, np.array([0, 90]), "drifted")
    assert list(table["predicted"]) == [drawn.identities[0]] * 2
    assert list(table["confidence"]) == pytest.approx([8 / 20] * 2)
    assert list(table["id"]) == [drawn.ids[0], drawn.ids[90]]
    assert list(table["yaw"]) == list(drawn.conditions["yaw"].iloc[[0, 90]])
    assert len(predict_rows(model, drawn, np.array([], dtype=int), "drifted")) == 0
