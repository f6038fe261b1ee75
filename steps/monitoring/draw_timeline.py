"""Draw the timeline of a stack."""

from datetime import datetime
from typing import Annotated, Any

from zenml import step
from zenml.client import Client

from faces import NAME
from faces.data.window import Window
from faces.drift.accuracy import AccuracyDrop
from faces.drift.policy import Action
from faces.reports.timeline import DecisionRecord, DeploymentEvent, VersionRow
from store.deployments import decisions, deployments
from store.materializers import Page, PageMaterializer
from store.versions import NO_STAGE, all_versions

WITH_FACES = 20
"""Number of windows, the latest ones, of which some faces are shown."""


@step(enable_cache=False, output_materializers={"history": PageMaterializer})
def draw_history() -> Annotated[Page, "history"]:
    """Draw windows, decisions with their reasons, deployments, versions and accuracy over time."""
    from faces.reports.timeline import draw_timeline_page

    made = [_decision_record(record) for record in decisions()]
    shown = [record.run for record in made if record.action != Action.NOT_ENOUGH_EVIDENCE]
    page = draw_timeline_page(
        NAME,
        Client().active_stack.name,
        made,
        [_deployment_event(record) for record in deployments()],
        versions(),
        {run: window_of(run) for run in shown[-WITH_FACES:]},
    )
    return Page({"page.html": page})


def _decision_record(record: dict[str, Any]) -> DecisionRecord:
    names = ("before", "now", "low", "high", "p_value")
    has_accuracy = record.get("accuracy_now") is not None
    return DecisionRecord(
        run=record["run"],
        when=datetime.fromisoformat(record["when"]),
        action=Action(record["decision"]),
        reason=record["reason"],
        images=record["images"],
        identities=record["identities"],
        labelled=record["labelled"],
        version=record["version"],
        p_value=record.get("p_value"),
        threshold=record["threshold"],
        accuracy=AccuracyDrop(*(record[f"accuracy_{n}"] for n in names)) if has_accuracy else None,
    )


def _deployment_event(record: dict[str, Any]) -> DeploymentEvent:
    when = datetime.fromisoformat(record["when"])
    return DeploymentEvent(
        record["kind"], int(record["version"]), when, record["reason"], record["who"]
    )


def versions() -> list[VersionRow]:
    """List all versions, newest first."""
    rows = []
    for version in all_versions():
        metadata: dict[str, Any] = dict(version.run_metadata)
        metrics = metadata.get("metrics", {})
        rows.append(
            VersionRow(
                number=version.number,
                stage=version.stage or NO_STAGE,
                baseline_accuracy=metrics.get("baseline_accuracy"),
                drifted_accuracy=metrics.get("drifted_accuracy"),
                data=f"{metadata.get('data_source')} {metadata.get('data_version')}",
                gate=metadata.get("gate", ""),
            )
        )
    return rows


def window_of(run: str) -> Window:
    """Load the window of a drift detection."""
    steps = Client().get_pipeline_run(run).steps
    window: Window = steps["load_window"].outputs["window"][0].load()
    return window
