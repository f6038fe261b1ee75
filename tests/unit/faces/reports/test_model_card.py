import re
from dataclasses import replace

import pytest

from faces.data.conditions import parse_condition
from faces.data.corruptions import CORRUPTIONS
from faces.data.dataset import Faces
from faces.data.split import split_by_condition
from faces.evaluation.metrics import accuracy_by_condition, measure, predict_held_out
from faces.models import build_model
from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features
from faces.reports.model_card import robustness, write_card

SETTINGS = {"model": "svm", "params": {"components": 20, "seed": 3}, "seed": 3}
OPEN_SET = {
    "open_set_auroc": 0.99,
    "open_set_true_accept_rate": 0.95,
    "open_set_false_accept_rate": 0.02,
}


@pytest.mark.parametrize("rejects", [True, False])
def test_the_card_states_use_accuracy_robustness_and_limits(drawn: Faces, rejects: bool) -> None:
    split = split_by_condition(drawn, parse_condition("yaw=frontal", drawn.conditions))
    train = drawn[split.train]
    model = build_model("svm", components=20)
    features = fit_features(model, train.pixels, train.labels)
    fitted = fit_classifier(model, features, train.pixels, train.labels)
    portable = export_model(fitted, {}, 0.5 if rejects else None)
    predictions = predict_held_out(portable, drawn, split)
    metrics = (
        measure(predictions) | OPEN_SET | ({"open_set_rejection_threshold": 0.5} if rejects else {})
    )
    by_condition = accuracy_by_condition(predictions, list(drawn.conditions))
    page = write_card(drawn, split, portable, metrics, by_condition, SETTINGS)
    assert "<script" not in page
    assert "needs their consent" in page
    assert "These people do not exist" in page, "they are synthetic"
    assert f"{metrics['baseline_accuracy']:.3f}" in page
    assert "yaw = left" in page
    assert ("are rejected as unknown" in page) == rejects
    assert ("cannot separate known from unknown people" in page) != rejects
    crowded = replace(split, left_out=tuple(f"p{n:03}" for n in range(400)))
    page = write_card(drawn, crowded, portable, metrics, by_condition, SETTINGS)
    assert "too few images of p000, " in page
    assert "p011 and 388 more</td>" in page
    measured = robustness(drawn[split.test], portable)
    assert list(measured["corrupted"]) == list(CORRUPTIONS)
    for name, share in measured["corrupted"].items():
        assert re.search(rf"{name}</td><td class=\"number\">{share:.3f}", page)
