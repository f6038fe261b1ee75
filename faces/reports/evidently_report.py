"""Per-column drift tests and HTML report by Evidently."""

from typing import TypedDict

import pandas as pd


class _Metric(TypedDict):
    """What is read of Evidently's result for a column."""

    config: dict[str, str]
    value: float


def evidently_report(
    reference: pd.DataFrame, window: pd.DataFrame, alpha: float
) -> tuple[pd.DataFrame, str]:
    """Test each column with Evidently's Kolmogorov–Smirnov test and Bonferroni correction.

    The HTML report makes no statement about all columns together: the drift detector does that.

    Args:
        reference: Features of the training images, (m, d).
        window: Features of the window, with the same columns, (n, d).
        alpha: Significance level over all columns.

    Returns:
        A row for each column: `column`, `before` and `now` (means), `p_value` (times d, at most
        1) and `differs` (p-value up to `alpha`); and Evidently's interactive HTML report.
    """
    from evidently import Report
    from evidently.metrics import ValueDrift

    names = list(reference.columns)
    tests = [ValueDrift(column=name, method="ks", threshold=alpha / len(names)) for name in names]
    snapshot = Report(tests).run(window, reference)
    metrics: list[_Metric] = snapshot.dict()["metrics"]
    p_values = [min(1.0, len(names) * float(metric["value"])) for metric in metrics]
    columns = pd.DataFrame(
        {
            "column": [metric["config"]["column"] for metric in metrics],
            "before": reference.mean().to_numpy(),
            "now": window.mean().to_numpy(),
            "p_value": p_values,
            "differs": [p_value <= alpha for p_value in p_values],
        }
    )
    return columns, snapshot.get_html_str(as_iframe=False)
