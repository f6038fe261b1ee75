"""Draw the page about everything that happened on a stack."""

from typing import Annotated, Any

from zenml import step
from zenml.client import Client

from faces import NAME
from faces.data.dataset import Faces
from faces.drift.policy import NOT_ENOUGH_EVIDENCE
from store.deployments import decisions, deployments
from store.materializers import Page, PageMaterializer
from store.versions import NO_STAGE, all_versions

WITH_FACES = 20
"""The latest windows, of which some faces are shown."""


@step(enable_cache=False, output_materializers={"history": PageMaterializer})
def draw_history() -> Annotated[Page, "history"]:
    """Windows, decisions with their reasons, deployments, versions and accuracy over time."""
    from faces.reports.timeline import draw_history_page

    made = decisions()
    about = {"name": NAME, "stack": Client().active_stack.name}
    shown = [record["run"] for record in made if record["decision"] != NOT_ENOUGH_EVIDENCE]
    windows = {run: window_of(run) for run in shown[-WITH_FACES:]}
    page = draw_history_page(about, made, deployments(), versions(), windows)
    return Page({"page.html": page})


def versions() -> list[dict[str, Any]]:
    """What is told of each version, newest first."""
    told = []
    for version in all_versions():
        kept: dict[str, Any] = dict(version.run_metadata)
        metrics = kept.get("metrics", {})
        told.append(
            {
                "number": version.number,
                "stage": version.stage or NO_STAGE,
                "baseline": metrics.get("baseline_accuracy"),
                "drifted": metrics.get("drifted_accuracy"),
                "data": f"{kept.get('data_source')} {kept.get('data_version')}",
                "gate": kept.get("gate", ""),
            }
        )
    return told


def window_of(run: str) -> Faces:
    """The window that a drift detection looked at."""
    steps = Client().get_pipeline_run(run).steps
    window: Faces = steps["load_window"].outputs["window"][0].load()
    return window
