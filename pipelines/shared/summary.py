"""Summaries of runs: typed for `--summary`, and rows of text for the terminal."""

from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict, Field
from rich.markup import escape
from zenml.models import ArtifactVersionResponse, PipelineRunResponse

from components.settings import Settings

Metrics = dict[str, float | None]

MAX_SKIPPED = 20
"""Files that are listed in the terminal."""


class RunInfo(BaseModel):
    """The run itself."""

    name: str
    status: str
    id: str
    stack: str = ""
    tracker: str | None = Field(default=None, description="how to open the experiment tracker")

    @classmethod
    def of(cls, run: PipelineRunResponse) -> Self:
        """Read a run's name, status and id.

        Args:
            run: The run as ZenML has recorded it.

        Returns:
            The information without stack and tracker.
        """
        return cls(name=run.name, status=run.status.value, id=str(run.id))


class Summary(BaseModel):
    """What `--summary` writes as JSON, and what the terminal shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: RunInfo

    def finish(self, settings: Settings) -> "Summary":
        """Write the files that the settings ask for; by default none.

        Args:
            settings: The settings of the run.

        Returns:
            The summary, completed by what depends on the settings.
        """
        return self

    def notice(self) -> str:
        """Return a line that must not be missed, as markup; by default none."""
        return ""

    def rows(self) -> Mapping[str, str]:
        """Return what the terminal shows: title and text, as markup."""
        return {}

    def next_steps(self) -> Sequence[str]:
        """Return the next steps: commands and what they are for, as markup."""
        return ()

    def page(self) -> str | None:
        """Return the path or URI of a page to open."""
        return None

    def run_row(self) -> str:
        """Return the run's name and stack, as markup."""
        return f"{self.run.name} [dim]on stack '{escape(self.run.stack)}'[/]"


def outputs_of(run: PipelineRunResponse) -> dict[str, ArtifactVersionResponse]:
    """Return the artifacts that the steps of a run created, by name; of several, the latest.

    Args:
        run: A run that succeeded.
    """
    steps = sorted(run.steps.values(), key=lambda step: step.created)
    return {name: versions[0] for step in steps for name, versions in step.outputs.items()}


def accuracy_row(metrics: Metrics, part: str) -> str:
    """Describe the accuracy on one part of the held-out images.

    Args:
        metrics: Metrics by name.
        part: "baseline" or "drifted".

    Returns:
        Accuracy, its 95 % interval and the calibration error, as markup.
    """
    accuracy = metrics.get(f"{part}_accuracy")
    if accuracy is None:
        return "[dim]no images[/]"
    low, high = metrics[f"{part}_accuracy_low"], metrics[f"{part}_accuracy_high"]
    error = metrics[f"{part}_calibration_error"]
    return (
        f"{accuracy:.3f} [dim](95 % interval {low:.3f} to {high:.3f}; "
        f"calibration error {error:.3f})[/]"
    )


def shorten(names: Sequence[str], limit: int = 12) -> str:
    """List the first names, and say how many more there are.

    Args:
        names: Any text; it is escaped.
        limit: Number of names to list.

    Returns:
        The list as markup, separated by commas.
    """
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return escape(", ".join(names[:limit]) + more)


def skipped_row(skipped: Sequence[str]) -> Mapping[str, str]:
    """List the files that were not used, if there are any.

    Args:
        skipped: The files with the reasons.

    Returns:
        One file per line, by title of the row; {} if all files were used.
    """
    if not skipped:
        return {}
    shown = [f"[yellow]{escape(text)}[/]" for text in skipped[:MAX_SKIPPED]]
    more = len(skipped) - MAX_SKIPPED
    return {"skipped": "\n".join([*shown, *([f"and {more} more: --summary"] if more > 0 else [])])}
