"""Test the window for data drift, and compare confidence and accuracy with the baseline test."""

from typing import Annotated

import numpy as np
import pandas as pd
from zenml import step

from faces.data.window import Window
from faces.drift.monitoring import MonitoringResult, assess_window
from faces.errors import UserError
from faces.evaluation.feedback_verification import FeedbackVerification
from faces.evaluation.metrics import BASELINE
from faces.groups import spread_evenly
from store.materializers import RECORD
from store.materializers.detector import FittedDetector
from store.materializers.monitor import DeploymentMonitor
from store.versions import load_artifact, require_version
from store.witnesses import load_witness

MAX_REFERENCE_IMAGES = 2_000
"""Images of the training set, and of the baseline test, that a window is compared with: more would
take longer and need more memory, and change little."""

PART, TRAINED, SEEN = "part", "trained", "seen"


@step(enable_cache=False, output_materializers={"drift": RECORD})
def detect_drift(
    window: Window,
    feedback: FeedbackVerification,
    live_version: int,
    monitor: DeploymentMonitor,
    threshold: float,
    minimum_images: int,
    minimum_people: int,
) -> tuple[Annotated[MonitoringResult, "drift"], Annotated[pd.DataFrame, "drift_features"]]:
    """Test the window with the detector that was fitted when the live version was trained.

    Args:
        window: Captured faces.
        feedback: Which of their labels count as evidence of the accuracy.
        live_version: Number of the version that the endpoint serves.
        monitor: Its monitor, from `update_monitor`.
        threshold: Significance level, in (0, 1): the share of windows with a false alarm, and the
            probability that the monitor ever raises one.
        minimum_images: A window with fewer distinct images is not tested.
        minimum_people: A window with fewer distinct predicted people is not tested.

    Returns:
        Drift, confidence and accuracy of the window; and the features that were compared, one row
        per face of the reference and of the window; the column `part` says which.

    Raises:
        UserError: If the live version was deleted or has no drift detector.
    """
    version = require_version(live_version)
    try:
        fitted: FittedDetector = load_artifact(version, "drift_detector")
    except LookupError as error:
        raise UserError(f"{error}: train and deploy another version") from error
    detector = fitted.detector.with_limits(
        threshold=threshold, minimum_images=minimum_images, minimum_people=minimum_people
    )
    predictions: pd.DataFrame = load_artifact(version, "predictions")
    baseline = predictions[predictions["part"] == BASELINE]
    faces, split = load_artifact(version, "faces"), load_artifact(version, "split")
    train = spread_evenly(split.train, MAX_REFERENCE_IMAGES)
    tested = spread_evenly(np.arange(len(split.test)), MAX_REFERENCE_IMAGES)
    asked = np.concatenate([window.predicted, window.labels, faces.labels[split.test[tested]]])
    result = assess_window(
        feedback.verified(window),
        detector,
        baseline.iloc[tested],
        np.asarray(faces.images_of(train)),
        live_version,
        monitor.result(threshold),
        load_witness(version, asked) if len(window) else None,
        np.asarray(faces.images_of(split.test[tested])),
    )
    reference, measured = detector.tabulate(np.asarray(window.images), window.predicted)
    features = pd.concat([reference.assign(part=TRAINED), measured.assign(part=SEEN)])
    return result, features.reset_index(drop=True)
