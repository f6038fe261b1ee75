"""Train a recorded version again, and compare it with the original bit by bit."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field
from rich.markup import escape
from zenml import pipeline
from zenml.models import PipelineRunResponse

from components.settings import CommandLine, Settings
from pipelines.shared.summary import RunInfo, Summary, outputs_of
from steps.training.rebuild_version import rebuild_version


class ReproduceSettings(Settings):
    """Settings of the reproduce pipeline."""

    version: Annotated[int, CommandLine(metavar="N")] = Field(
        default=1, ge=1, description="number of the model version"
    )


SETTINGS = ReproduceSettings


@pipeline(name="reproduce", enable_cache=False)
def reproduce(settings: ReproduceSettings) -> None:
    """Train a version again from its recorded data, split and settings.

    Every stage is compared with what was recorded: data, split, each operator of the exported
    model, calibration, rejection threshold and metrics. Nothing is registered.

    Args:
        settings: The version.
    """
    rebuild_version(settings.version)


class StageSummary(BaseModel):
    """A stage of the training."""

    name: str
    difference: str = Field(
        description="how it differs from the recorded result; '' if it does not"
    )


class ReproduceSummary(Summary):
    """Summary of a reproduction."""

    pipeline: Literal["reproduce"] = "reproduce"
    version: int
    identical: bool = Field(description="whether every bit of every stage is the same")
    stages: list[StageSummary]
    environment: dict[str, str] = Field(
        description="what differs between the recorded and the present environment"
    )

    def rows(self) -> Mapping[str, str]:
        """Return the result, the first stage that differs, and what may explain it. See Summary."""
        differing = [stage for stage in self.stages if stage.difference]
        if differing:
            result = f"[yellow]{len(differing)} of {len(self.stages)} stages differ[/]"
        else:
            result = f"[green]identical[/] [dim]({len(self.stages)} stages, bit for bit)[/]"
        rows = {f"version {self.version}": result}
        if differing:
            first = differing[0]
            rows["first difference"] = escape(f"{first.name}: {first.difference}")
        rows |= {f"other {name}": escape(text) for name, text in self.environment.items()}
        return {**rows, "run": self.run_row()}

    def next_steps(self) -> Sequence[str]:
        """Return how to get the recorded code, if it differs. See Summary."""
        if self.identical or "commit" not in self.environment:
            return ()
        commit = self.environment["commit"].split(",")[0].split(" ")[0]
        return [f"[bold]git checkout {escape(commit)}[/] and make setup, for the recorded code"]


def summarize(run: PipelineRunResponse) -> ReproduceSummary:
    """Summarize a finished run.

    Args:
        run: A run that succeeded.

    Returns:
        The stages and the environment.
    """
    result = outputs_of(run)["reproduction"].load()
    return ReproduceSummary(
        run=RunInfo.of(run),
        version=result.version,
        identical=result.first_difference is None,
        stages=[StageSummary(name=s.name, difference=s.difference) for s in result.stages],
        environment=dict(result.environment),
    )
