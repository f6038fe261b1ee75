"""Write the report about a window."""

from typing import Annotated

import pandas as pd
from zenml import step

from faces.data.dataset import Faces
from faces.data.window import Window
from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action, DriftDecision
from faces.evaluation.feedback_verification import FeedbackVerification
from steps.monitoring.detect_drift import PART, SEEN, TRAINED
from store.materializers import PAGE
from store.materializers.documents import Page
from store.versions import load_artifact, require_version


@step(enable_cache=False, output_materializers={"drift_report": PAGE})
def write_drift_report(
    window: Window,
    feedback: FeedbackVerification,
    drift: MonitoringResult,
    features: pd.DataFrame,
    decision: DriftDecision,
) -> Annotated[Page, "drift_report"]:
    """Show faces, features and decision on one page; with drift, Evidently's report beside it.

    Args:
        window: The faces that were tested.
        feedback: Which of their labels are quarantined.
        drift: The result of the test.
        features: The features that were compared, from `detect_drift`.
        decision: What was decided about the window.

    Returns:
        HTML pages by file name: `page.html`, and `evidently.html` with drift.

    Raises:
        UserError: If the version that was tested was deleted.
    """
    from faces.reports.drift_report import draw_drift_report
    from faces.reports.evidently_report import evidently_report

    reference, measured = (
        features[features[PART] == part].drop(columns=PART) for part in (TRAINED, SEEN)
    )
    columns, evidently = evidently_report(reference, measured, drift.drift.threshold)
    version = require_version(drift.version)
    faces: Faces = load_artifact(version, "faces")
    trained = faces[load_artifact(version, "split").train]
    page = draw_drift_report(
        trained, window, feedback, drift, decision, reference, measured, columns
    )
    more = {} if decision.action == Action.NONE else {"evidently.html": evidently}
    return Page({"page.html": page, **more})
