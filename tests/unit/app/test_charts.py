from dataclasses import replace

import pandas as pd

from app.charts import SMALLEST, accuracy_chart, p_value_chart
from app.comparison import compare_predictions
from app.endpoint_metrics import parse_metrics
from faces.drift.accuracy import AccuracyDrop
from faces.drift.policy import Action
from store.deployments import DecisionEntry

FIRST = DecisionEntry(
    Action.NONE, "no drift", 1, "2026-11-26T01:00:00+00:00", 0.02, 40, 9, 0, 1, 0.5
)
LATER = replace(FIRST, when="2026-11-26T02:00:00+00:00", p_value=0.0)
OTHER = replace(
    FIRST, when="2026-11-26T03:00:00+00:00", version=2, p_value=None,
    accuracy=AccuracyDrop(0.9, 0.6, 0.4, 0.7, 0.01),
)  # fmt: skip


def test_p_values_are_drawn_with_the_limit_and_the_versions() -> None:
    (series,) = p_value_chart([FIRST, LATER, OTHER])["series"]
    assert series["data"] == [[FIRST.when, 0.5], [LATER.when, SMALLEST]]
    assert series["markLine"]["data"] == [{"yAxis": 0.02}]
    bands = series["markArea"]["data"]
    assert [(start["name"], start["xAxis"], end["xAxis"]) for start, end in bands] == [
        ("version 1", FIRST.when, LATER.when),
        ("version 2", OTHER.when, OTHER.when),
    ]


def test_accuracy_is_drawn_between_the_ends_of_its_interval() -> None:
    low, width, now = (series["data"] for series in accuracy_chart([FIRST, OTHER])["series"])
    assert low == [[OTHER.when, 0.4]]
    assert width[0][1] == 0.7 - 0.4
    assert now == [[OTHER.when, 0.6]]


def test_an_endpoint_without_predictions_has_no_latency() -> None:
    metrics = parse_metrics('faces_requests_total{code="200"} 3.0\n')
    assert (metrics.requests, metrics.faces, metrics.latency, metrics.slow) == (3, 0, None, None)


def test_versions_are_compared_on_images_that_both_were_tested_on() -> None:
    columns = ["row", "id", "label", "predicted"]
    first = pd.DataFrame(
        [(7, "a", "x", "x"), (8, "b", "y", "z"), (9, "c", "y", "y")], columns=columns
    )
    second = pd.DataFrame(
        [(1, "b", "y", "y"), (2, "c", "y", "y"), (3, "d", "x", "x")], columns=columns
    )
    comparison = compare_predictions(first, second)
    assert (comparison.images, comparison.first_correct, comparison.second_correct) == (2, 1, 2)
    (difference,) = comparison.differences
    assert (difference.row, difference.label, difference.first, difference.second) == (
        8,
        "y",
        "z",
        "y",
    )
    assert compare_predictions(first, second[second["id"] == "d"]).images == 0
