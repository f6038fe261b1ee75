"""Assess the window: data drift, confidence and accuracy."""

from typing import Annotated

import numpy as np
import pandas as pd
from zenml import step

from faces.data.dataset import Faces
from faces.data.feedback import learned_windows
from faces.data.window import Window
from faces.drift.detectors import DEFAULT_DETECTOR, fit_detector
from faces.drift.monitoring import MonitoringResult, assess_window
from faces.evaluation.metrics import BASELINE
from store.production import require_live
from store.versions import load_artifact

PART, BEFORE, NOW = "part", "before", "now"


@step(enable_cache=False)
def detect_drift(
    window: Window, threshold: float, minimum_images: int, minimum_people: int
) -> tuple[Annotated[MonitoringResult, "drift"], Annotated[pd.DataFrame, "measured"]]:
    """Compare the window with the live version's training faces and its baseline test.

    `measured` has the features that were compared, a row for each face of the training images (the
    column `part` is "before") and of the window ("now").
    """
    version = require_live()
    faces: Faces = load_artifact(version, "faces")
    train = faces[load_artifact(version, "split").train]
    detector = fit_detector(
        DEFAULT_DETECTOR, np.asarray(train.images), train.labels, learned_windows(train)
    ).with_limits(threshold, minimum_images, minimum_people)
    predictions: pd.DataFrame = load_artifact(version, "predictions")
    baseline = predictions[predictions["part"] == BASELINE]
    result = assess_window(window, detector, baseline, version.number)
    before, now = detector.tabulate(np.asarray(window.images), window.predicted)
    tables = [before.assign(**{PART: BEFORE}), now.assign(**{PART: NOW})]
    return result, pd.concat(tables, ignore_index=True)
