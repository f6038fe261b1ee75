from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from faces.data.dataset import Faces
from faces.data.window import Window
from faces.evaluation.metrics import BASELINE
from steps.monitoring import detect_drift as module
from steps.monitoring.detect_drift import detect_drift

LIMIT = 5


class Detector:
    def with_limits(self, **_: object) -> "Detector":
        return self

    def tabulate(self, *_: object) -> tuple[pd.DataFrame, pd.DataFrame]:
        return pd.DataFrame(), pd.DataFrame()


@pytest.mark.parametrize("images", [4, 40])
def test_a_check_reads_a_limited_number_of_the_live_versions_images(
    monkeypatch: pytest.MonkeyPatch, drawn: Faces, images: int
) -> None:
    faces = drawn[np.arange(2 * images)]
    rows = np.arange(2 * images)
    artifacts = {
        "drift_detector": SimpleNamespace(detector=Detector()),
        "faces": faces,
        "split": SimpleNamespace(train=rows[::2], test=rows[1::2]),
        "predictions": pd.DataFrame({"part": BASELINE, "predicted": faces.labels[1::2]}),
    }
    asked: dict[str, Any] = {}

    def assess(window: Any, detector: Any, baseline: Any, enrolled: Any, *more: Any) -> str:
        asked.update(baseline=baseline, enrolled=enrolled, tested=more[-1])
        return "result"

    for name, value in {
        "MAX_REFERENCE_IMAGES": LIMIT,
        "require_version": lambda number: number,
        "load_artifact": lambda _, name: artifacts[name],
        "load_witness": lambda *_: None,
        "assess_window": assess,
    }.items():
        monkeypatch.setattr(module, name, value)
    empty = np.array([])
    window = Window(
        faces.images[:0], faces.labels[:0], faces.labels[:0], empty, faces.labels[:0], empty
    )
    feedback: Any = SimpleNamespace(verified=lambda window: window)
    monitor: Any = SimpleNamespace(result=lambda threshold: None)
    detect_drift.entrypoint(window, feedback, 1, monitor, 0.01, 10, 8)
    expected = min(images, LIMIT)
    assert len(asked["enrolled"]) == len(asked["tested"]) == len(asked["baseline"]) == expected
    test = dict(zip([i.tobytes() for i in faces.images[1::2]], faces.labels[1::2], strict=True))
    seen = [test[image.tobytes()] for image in asked["tested"]]
    assert asked["baseline"]["predicted"].tolist() == seen
