import numpy as np
import pandas as pd
import pytest

from faces.drift.ks import ks_columns
from faces.reports.evidently_report import explain

NAMES = ["brightness", "contrast", "turn"]


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(0)
    before, now = rng.normal(size=(200, 3)), rng.normal((0.0, 0.35, 2.0), 1.0, size=(40, 3))
    return pd.DataFrame(before, columns=NAMES), pd.DataFrame(now, columns=NAMES)


@pytest.mark.parametrize("alpha", [0.01, 0.3])
def test_evidently_says_the_same_as_our_own_test_of_columns(alpha: float) -> None:
    before, now = tables()
    columns, _ = explain(before, now, alpha)
    own = ks_columns(before.to_numpy(), now.to_numpy(), NAMES, alpha)
    assert list(columns["column"]) == NAMES
    assert np.allclose(columns["p_value"], own["p_value"])
    assert np.allclose(columns[["before", "now"]], own[["before", "now"]])
    assert list(columns["drifted"]) == list(own["drifted"])
    assert columns["drifted"].nunique() == 2, "one drifted, one did not"


def test_evidently_page_says_which_columns_drifted_and_nothing_of_all_together() -> None:
    _, page = explain(*tables(), 0.01)
    assert page.count("Data drift detected") == 1
    assert page.count("Data drift not detected") == 2
    assert "Dataset Drift" not in page
