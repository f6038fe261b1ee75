"""Evidently's account of a window: which columns drifted, and its own interactive page."""

from typing import Any

import pandas as pd


def explain(
    reference: pd.DataFrame, window: pd.DataFrame, alpha: float
) -> tuple[pd.DataFrame, str]:
    """Compare the columns of two tables by Evidently's Kolmogorov–Smirnov test, corrected.

    A row for each column: `column`, `before`, `now` (means), `p_value` (times the number of
    columns, at most 1) and `drifted` at `alpha`; and the page as HTML. The page says nothing of all
    columns together: that is for the test that decides.
    """
    from evidently import Report
    from evidently.metrics import ValueDrift

    names = list(reference.columns)
    tests = [ValueDrift(column=name, method="ks", threshold=alpha / len(names)) for name in names]
    snapshot = Report(tests).run(window, reference)
    found: list[dict[str, Any]] = snapshot.dict()["metrics"]
    values = [min(1.0, len(names) * float(metric["value"])) for metric in found]
    columns = pd.DataFrame(
        {
            "column": [metric["config"]["column"] for metric in found],
            "before": reference.mean().to_numpy(),
            "now": window.mean().to_numpy(),
            "p_value": values,
            "drifted": [value <= alpha for value in values],
        }
    )
    return columns, snapshot.get_html_str(as_iframe=False)
