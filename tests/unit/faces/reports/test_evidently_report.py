import numpy as np
import pandas as pd
import pytest

from faces.drift.ks import ks_columns
from faces.reports.evidently_report import evidently_report

NAMES = ["brightness", "contrast", "yaw"]


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(0)
    before, now = rng.normal(size=(200, 3)), rng.normal((0.0, 0.35, 2.0), 1.0, size=(40, 3))
    return pd.DataFrame(before, columns=NAMES), pd.DataFrame(now, columns=NAMES)


@pytest.mark.parametrize("alpha", [0.01, 0.3])
def test_evidently_agrees_with_our_test_of_columns(alpha: float) -> None:
    before, now = tables()
    columns, _ = evidently_report(before, now, alpha)
    expected = ks_columns(before.to_numpy(), now.to_numpy(), NAMES, alpha)
    assert list(columns["column"]) == NAMES
    assert np.allclose(columns["p_value"], expected["p_value"])
    assert np.allclose(columns[["before", "now"]], expected[["before", "now"]])
    assert list(columns["differs"]) == list(expected["differs"])
    assert columns["differs"].nunique() == 2, "one differs, one does not"


def test_the_report_shows_columns_that_differ_but_no_overall_verdict() -> None:
    _, page = evidently_report(*tables(), 0.01)
    assert page.count("Data drift detected") == 1
    assert page.count("Data drift not detected") == 2
    assert "Dataset Drift" not in page
