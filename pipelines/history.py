"""Show the history of a stack on one page: decisions, deployments, versions."""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field
from zenml import pipeline
from zenml.models import PipelineRunResponse

from components.settings import CommandLine, Settings
from pipelines.shared.output_file import check_output_file
from pipelines.shared.summary import RunInfo, Summary, outputs_of
from steps.monitoring.draw_timeline import draw_timeline


class HistorySettings(Settings):
    """Settings of the history pipeline."""

    page: Annotated[str, CommandLine(metavar="FILE")] = Field(
        default="history.html", min_length=1, description="file to write the page to"
    )

    def complete(self, config: str, explicit: frozenset[str]) -> Self:
        """Check that the page can be written. See Settings."""
        check_output_file("--page", Path(self.page))
        return self


SETTINGS = HistorySettings


@pipeline(name="history", enable_cache=False)
def history(settings: HistorySettings) -> None:
    """Plot p-values, accuracy and versions over time, with decisions, reasons and faces.

    Args:
        settings: The file to write the page to, once the run has finished.
    """
    draw_timeline()


class HistorySummary(Summary):
    """Summary of a history run."""

    pipeline: Literal["history"] = "history"
    artifact: str = Field(description="URI of the page's artifact")
    file: str = Field(default="", description="the page, readable by its owner only")
    html: str = Field(default="", exclude=True, repr=False)

    def finish(self, settings: Settings) -> "HistorySummary":
        """Write the page to the file that the settings name. See Summary."""
        assert isinstance(settings, HistorySettings)
        write_owner_only(Path(settings.page), self.html)
        return self.model_copy(update={"file": settings.page})

    def page(self) -> str | None:
        """Return the file."""
        return self.file


def write_owner_only(path: Path, text: str) -> None:
    """Write a file that only its owner can read: there are faces in it.

    Args:
        path: The file, which is replaced if it exists.
        text: Its new content.
    """
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def summarize(run: PipelineRunResponse) -> HistorySummary:
    """Summarize a finished run.

    Args:
        run: A run that succeeded.

    Returns:
        The page and the URI of its artifact.
    """
    artifact = outputs_of(run)["history"]
    return HistorySummary(
        run=RunInfo.of(run), artifact=artifact.uri, html=artifact.load()["page.html"]
    )
