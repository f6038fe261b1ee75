import pytest

from benchmarks.pipeline import OTHER, sum_imports

REPORT = """\
import time: self [us] | cumulative | imported package
import time:       120 |        120 |     sklearn.utils
import time:      1000 |       1120 |   sklearn.svm
import time:       500 |       1620 | zenml
  ✓ load faces 0.3s
import time:        80 |         80 | encodings
"""


def test_import_times_are_summed_by_group_of_packages() -> None:
    seconds = sum_imports(REPORT)
    assert seconds["scikit-learn and SciPy"] == pytest.approx(0.00112)
    assert seconds["ZenML"] == pytest.approx(0.0005)
    assert seconds[OTHER] == pytest.approx(0.00008)
    assert sum(seconds.values()) == pytest.approx(0.0017)
