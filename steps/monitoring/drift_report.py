"""Draw the drift report of the window."""

from typing import Annotated, Any

import pandas as pd
from zenml import step

from faces.data.dataset import Faces
from faces.data.window import Window
from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action, DriftDecision
from steps.monitoring.detect_drift import BEFORE, NOW, PART
from store.materializers import Page, PageMaterializer
from store.versions import find_version, load_artifact


@step(enable_cache=False, output_materializers={"drift_page": PageMaterializer})
def explain_drift(
    window: Window, drift: MonitoringResult, measured: pd.DataFrame, decision: dict[str, Any]
) -> Annotated[Page, "drift_page"]:
    """Draw faces, features and decision on one page, and Evidently's report if there is drift."""
    from faces.reports.drift_report import draw_drift_report
    from faces.reports.evidently_report import evidently_report

    reference, now = (measured[measured[PART] == part].drop(columns=PART) for part in (BEFORE, NOW))
    columns, evidently = evidently_report(reference, now, drift.drift.threshold)
    version = find_version(drift.version)
    assert version is not None
    faces: Faces = load_artifact(version, "faces")
    trained = faces[load_artifact(version, "split").train]
    decided = DriftDecision(Action(decision["decision"]), decision["reason"])
    page = draw_drift_report(trained, window, drift, decided, reference, now, columns)
    more = {} if decided.action == Action.NONE else {"evidently.html": evidently}
    return Page({"page.html": page, **more})
