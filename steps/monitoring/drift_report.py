"""Draw the page about a window that a person reads."""

from typing import Annotated, Any

import pandas as pd
from zenml import step

from faces.data.dataset import Faces
from faces.drift.policy import NONE
from steps.monitoring.detect_drift import BEFORE, NOW, PART
from store.materializers import Page, PageMaterializer
from store.versions import find_version, load_artifact


@step(enable_cache=False, output_materializers={"drift_page": PageMaterializer})
def explain_drift(
    window: Faces, drift: dict[str, Any], measured: pd.DataFrame, decision: dict[str, Any]
) -> Annotated[Page, "drift_page"]:
    """Faces, columns and verdict on one page; beside it Evidently's own, if there is drift."""
    from faces.reports.drift_report import draw_drift_page
    from faces.reports.evidently_report import explain

    reference, now = (measured[measured[PART] == part].drop(columns=PART) for part in (BEFORE, NOW))
    columns, evidently = explain(reference, now, drift["threshold"])
    version = find_version(drift["version"])
    assert version is not None
    faces: Faces = load_artifact(version, "faces")
    trained = faces[load_artifact(version, "split").train]
    page = draw_drift_page(trained, window, drift, decision, reference, now, columns)
    more = {} if decision["decision"] == NONE else {"evidently.html": evidently}
    return Page({"page.html": page, **more})
