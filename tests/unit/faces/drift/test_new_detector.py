"""One module adds a drift detector, which may be independent of the existing ones."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from faces.data.dataset import Faces
from faces.data.window import Window
from faces.drift import DriftVerdict, detectors
from faces.drift.detectors import detector_class, detector_names, fit_detector
from faces.drift.monitoring import assess_window
from faces.errors import UserError

MODULE = """
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from faces.drift.result import DriftResult, DriftVerdict


@dataclass(frozen=True)
class BrightnessDetector:
    name = "brightness"
    mean: float
    threshold: float = 0.01

    @classmethod
    def fit(cls, images, labels, groups=None):
        return cls(float(images.mean()))

    def with_limits(self, threshold, minimum_images, minimum_people):
        return replace(self, threshold=threshold)

    def test(self, images, predicted):
        drifted = abs(images.mean() - self.mean) > 0.2
        verdict = DriftVerdict.DRIFT if drifted else DriftVerdict.NONE
        return DriftResult(
            verdict, "brightness", None, None, self.threshold, len(images), 1, self.name
        )

    def tabulate(self, images, predicted):
        window = images.mean(axis=(1, 2))
        return pd.DataFrame({"mean": [self.mean]}), pd.DataFrame({"mean": window})

    def to_arrays(self):
        return {"mean": np.array(self.mean), "threshold": np.array(self.threshold)}

    @classmethod
    def from_arrays(cls, arrays):
        return cls(float(arrays["mean"]), float(arrays["threshold"]))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules belong to the package of detectors."""
    monkeypatch.setattr(detectors, "__path__", [*detectors.__path__, str(tmp_path)])
    loaded = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - loaded:
        if name.startswith(f"{detectors.__name__}."):
            del sys.modules[name]
            delattr(detectors, name.rpartition(".")[2])


def window_of(images: np.ndarray) -> Window:
    n = len(images)
    answers = np.full(n, "ada")
    return Window(images, answers, answers, np.full(n, 0.9), np.full(n, "1"), np.arange(n))


def test_one_module_adds_a_detector(folder: Path, drawn: Faces) -> None:
    (folder / "brightness.py").write_text(MODULE)
    assert detector_names() == ["brightness", "mmd", "moments"]
    detector = fit_detector("brightness", drawn.images, drawn.labels).with_limits(0.05, 10, 8)
    baseline = pd.DataFrame({"label": ["ada"], "predicted": ["ada"], "confidence": [0.9]})
    same = assess_window(window_of(drawn.images[:20]), detector, baseline, drawn.images, version=1)
    dark = assess_window(
        window_of(drawn.images[:20] * 0.1), detector, baseline, drawn.images, version=1
    )
    assert same.drift.verdict == DriftVerdict.NONE
    assert dark.drift.verdict == DriftVerdict.DRIFT
    assert (dark.drift.detector, dark.drift.threshold) == ("brightness", 0.05)
    restored = detector_class("brightness").from_arrays(detector.to_arrays())
    assert restored == detector


def test_a_module_without_a_detector_of_its_name_is_an_error(folder: Path) -> None:
    (folder / "empty.py").write_text("")
    with pytest.raises(TypeError, match=r"empty\.py has no class with name = 'empty'"):
        detector_class("empty")


def test_without_the_module_there_is_no_such_detector() -> None:
    with pytest.raises(UserError, match="unknown detector 'brightness'"):
        detector_class("brightness")
