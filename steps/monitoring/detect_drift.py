"""Is there drift in the window? The decision test, and beside it confidence and accuracy."""

from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
import pandas as pd
from zenml import step

from faces.data.dataset import Faces
from faces.drift import DriftDetector
from faces.drift.accuracy import accuracy_test
from faces.drift.capture_features import NAMES
from faces.drift.confidence import confidence_test
from faces.evaluation.metrics import BASELINE
from steps.monitoring.load_window import UNKNOWN
from store.production import require_live
from store.versions import load_artifact

PART, BEFORE, NOW = "part", "before", "now"


@step(enable_cache=False)
def detect_drift(
    window: Faces, threshold: float, minimum_images: int, minimum_people: int
) -> tuple[Annotated[dict[str, Any], "drift"], Annotated[pd.DataFrame, "measured"]]:
    """Compare the window with what the live version was trained on, and what it was held to.

    Confidence and accuracy of what the live version answered itself are compared with its baseline
    test, which it was not trained on. Accuracy needs feedback: without any, `accuracy` is None.
    `measured` has what was compared: a row of statistics for each face, of training images (the
    column `part` says "before") and of the window ("now").
    """
    version = require_live()
    faces: Faces = load_artifact(version, "faces")
    train = faces[load_artifact(version, "split").train]
    detector = DriftDetector.fit(
        np.asarray(train.images),
        train.labels,
        train.origins,
        threshold=threshold,
        minimum_images=minimum_images,
        minimum_people=minimum_people,
    )
    report = detector.test(np.asarray(window.images), window.labels)
    predictions: pd.DataFrame = load_artifact(version, "predictions")
    before = predictions[predictions["part"] == BASELINE]
    own = (window.conditions["version"] == str(version.number)).to_numpy()
    drop, p_confidence = None, None
    if own.any():
        sure = window.conditions["confidence"].to_numpy(dtype=float)[own]
        drop, p_confidence = confidence_test(before["confidence"].to_numpy(dtype=float), sure)
    truth = window.conditions["truth"].to_numpy(dtype=str)
    known = truth != UNKNOWN
    judged = known & own
    accuracy = None
    if judged.any():
        was_right = (before["label"] == before["predicted"]).to_numpy(dtype=bool)
        is_right = truth[judged] == window.labels[judged]
        accuracy = asdict(accuracy_test(was_right, is_right))
    found = {
        "verdict": report.verdict.value,
        "detected": report.verdict.value == "drift",
        "reason": report.reason,
        "statistic": report.statistic,
        "p_value": report.p_value,
        "threshold": threshold,
        "window": report.window,
        "subjects": report.people,
        "labelled": int(known.sum()),
        "confidence_drop": drop,
        "confidence_p_value": p_confidence,
        "accuracy": accuracy,
        "version": version.number,
    }
    measured = pd.DataFrame(np.vstack([detector.rows, report.rows]), columns=list(NAMES))
    measured[PART] = np.repeat([BEFORE, NOW], [len(detector.rows), len(report.rows)])
    return found, measured
