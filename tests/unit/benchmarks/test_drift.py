import numpy as np
import pandas as pd
import pytest

from benchmarks.drift import evidently_preset


@pytest.mark.parametrize("shift", [0.0, 0.5, 0.7, 0.9, 1.5])
def test_the_preset_is_what_evidently_says(shift: float) -> None:
    from evidently import Report
    from evidently.presets import DataDriftPreset

    rng = np.random.default_rng(int(10 * shift))
    means = shift * np.linspace(0, 1.4, 9)
    before, now = rng.normal(size=(150, 9)), rng.normal(means, 1.0, size=(25, 9))
    names = [f"column {number}" for number in range(9)]
    snapshot = Report([DataDriftPreset()]).run(
        pd.DataFrame(now, columns=names), pd.DataFrame(before, columns=names)
    )
    counted = snapshot.dict()["metrics"][0]
    said = counted["value"]["share"] >= counted["config"]["drift_share"]
    assert evidently_preset(before, now) == said
