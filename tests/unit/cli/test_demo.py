import pytest

from cli.demo_data import OTHER_CONDITIONS, ROTATED_IMAGES, TURNED_HEADS, Drift, simulated_drift
from tests.unit.cli.test_summaries import DATA


@pytest.mark.parametrize(
    ("source", "drifted", "drift"),
    [
        ("olivetti", 91, TURNED_HEADS),
        ("synthetic", 91, TURNED_HEADS),
        ("folder", 7, OTHER_CONDITIONS),
        ("folder", 0, ROTATED_IMAGES),
    ],
)
def test_drift_is_simulated_with_what_the_data_have(
    source: str, drifted: int, drift: Drift
) -> None:
    data = DATA.model_copy(update={"source": source, "drifted": drifted})
    assert simulated_drift(data) == drift
