"""Show the history of a stack on one page: decisions, deployments, versions, who did what."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field
from rich.markup import escape
from zenml import pipeline
from zenml.models import PipelineRunResponse

from components.settings import CommandLine, Settings
from faces.reports.audit_export import FORMATS, check_format
from faces.reports.timeline_records import AuditEvent
from pipelines.shared.output_file import check_output_file, write_owner_only
from pipelines.shared.summary import RunInfo, Summary, outputs_of
from steps.monitoring.draw_timeline import AUDIT_TRAIL, draw_timeline


class HistorySettings(Settings):
    """Settings of the history pipeline."""

    page: Annotated[str, CommandLine(metavar="FILE")] = Field(
        default="history.html", min_length=1, description="file to write the page to"
    )
    export: Annotated[str, CommandLine(metavar="FILE")] = Field(
        default="", description="file to write the audit trail to, .csv or .jsonl; '': none"
    )

    def complete(self, config: str) -> Self:
        """Check that the files can be written. See Settings."""
        check_output_file("--page", Path(self.page))
        if self.export:
            check_format("--export", Path(self.export))
            check_output_file("--export", Path(self.export))
        return self


SETTINGS = HistorySettings


@pipeline(name="history", enable_cache=False)
def history(settings: HistorySettings) -> None:
    """Plot p-values, accuracy and versions over time, with decisions, reasons and faces.

    Args:
        settings: The files to write, once the run has finished.
    """
    draw_timeline()


class HistorySummary(Summary):
    """Summary of a history run."""

    pipeline: Literal["history"] = "history"
    artifact: str = Field(description="URI of the page's artifact")
    file: str = Field(default="", description="the page, readable by its owner only")
    audit_events: int = Field(description="number of events in the audit trail")
    export: str = Field(default="", description="the audit trail, readable by its owner only")
    html: str = Field(default="", exclude=True, repr=False)
    audit_trail: tuple[AuditEvent, ...] = Field(default=(), exclude=True, repr=False)

    def finish(self, settings: Settings) -> "HistorySummary":
        """Write the files that the settings name. See Summary."""
        assert isinstance(settings, HistorySettings)
        write_owner_only(Path(settings.page), self.html)
        if settings.export:
            export = Path(settings.export)
            write_owner_only(export, FORMATS[export.suffix](self.audit_trail))
        return self.model_copy(update={"file": settings.page, "export": settings.export})

    def rows(self) -> Mapping[str, str]:
        """Return what the audit trail holds, and where it is. See Summary."""
        place = f", in {escape(self.export)}" if self.export else " [dim](--export FILE.csv)[/]"
        return {"audit trail": f"{self.audit_events} events{place}", "run": self.run_row()}

    def page(self) -> str | None:
        """Return the file."""
        return self.file


def summarize(run: PipelineRunResponse) -> HistorySummary:
    """Summarize a finished run.

    Args:
        run: A run that succeeded.

    Returns:
        The page and the URI of its artifact.
    """
    outputs = outputs_of(run)
    artifact, trail = outputs["history"], outputs[AUDIT_TRAIL].load()
    return HistorySummary(
        run=RunInfo.of(run),
        artifact=artifact.uri,
        html=artifact.load()["page.html"],
        audit_events=len(trail.events),
        audit_trail=trail.events,
    )
