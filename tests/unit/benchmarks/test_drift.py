import numpy as np
import pandas as pd
import pytest

from benchmarks.drift import evidently_preset
from benchmarks.drift_results import DEFAULT, print_tables


@pytest.mark.parametrize("shift", [0.0, 0.5, 0.7, 0.9, 1.5])
def test_the_preset_decides_as_evidently_does(shift: float) -> None:
    from evidently import Report
    from evidently.presets import DataDriftPreset

    rng = np.random.default_rng(int(10 * shift))
    means = shift * np.linspace(0, 1.4, 9)
    before, now = rng.normal(size=(150, 9)), rng.normal(means, 1.0, size=(25, 9))
    names = [f"column {number}" for number in range(9)]
    snapshot = Report([DataDriftPreset()]).run(
        pd.DataFrame(now, columns=names), pd.DataFrame(before, columns=names)
    )
    drifted_columns = snapshot.dict()["metrics"][0]
    drifted = drifted_columns["value"]["share"] >= drifted_columns["config"]["drift_share"]
    assert evidently_preset(before, now) == drifted


def test_tables_have_rates_with_intervals_for_every_kind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    counts = {
        ("no drift", 25, DEFAULT): [False] * 19 + [True],
        ("no drift", 25, "MMD"): [False] * 20,
        ("no drift, 5 people", 12, DEFAULT): [True, False],
        ("no drift, 5 people", 12, "MMD"): [True, True],
        ("no drift, 5 people", 14, DEFAULT): [False, False],
        ("no drift, 5 people", 14, "MMD"): [False, False],
    }
    print_tables(counts)
    lines = capsys.readouterr().out.splitlines()
    assert "| no drift |  | 5.0 (0.9–23.6) |  |  |" in lines
    assert "| no drift, n = 25 | 5 | 0 |" in lines
    assert "| no drift, 5 people | 25.0 | 50.0 |" in lines
