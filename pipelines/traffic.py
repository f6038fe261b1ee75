"""Send held-out faces to the endpoint, as production would, with feedback."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, field_validator
from rich.markup import escape
from zenml import pipeline
from zenml.models import PipelineRunResponse

from components.settings import CommandLine, Settings
from faces.data.traffic import BASELINE
from faces.data.traffic import TrafficSummary as TrafficRecord
from faces.errors import require_choice
from pipelines.shared.settings import Seed
from pipelines.shared.summary import RunInfo, Summary, outputs_of
from steps.monitoring.send_traffic import send_traffic


class TrafficSettings(Settings):
    """Settings of the traffic pipeline."""

    condition: Annotated[str, CommandLine(metavar="C")] = Field(
        default=BASELINE,
        description="faces to send: yaw=left,right, glasses=yes, …; baseline: like those trained "
        "on; drifted: all others; '': all",
    )
    requests: Annotated[int, CommandLine(metavar="N")] = Field(
        default=60, ge=1, description="number of requests; images are repeated if there are fewer"
    )
    corruption: Annotated[str, CommandLine(metavar="NAME")] = Field(
        default="", description="'' or noise, blur, brightness, occlusion, rotation"
    )
    feedback: float = Field(
        default=1.0, ge=0, le=1, description="share of the requests for which feedback is sent"
    )
    delay: float = Field(default=0.0, ge=0, description="seconds between prediction and feedback")
    seed: Annotated[Seed, CommandLine(metavar="N")] = Field(
        default=0, description="seed of the order in which faces are sent"
    )

    @field_validator("corruption")
    @classmethod
    def _check_corruption(cls, name: str) -> str:
        from faces.data.corruptions import CAMERA_FAILURES, CORRUPTIONS

        return (
            require_choice("corruption", name, [*CORRUPTIONS, *CAMERA_FAILURES]) if name else name
        )


SETTINGS = TrafficSettings


@pipeline(name="traffic", enable_cache=False)
def traffic(settings: TrafficSettings) -> None:
    """Send faces of a condition to the active stack's endpoint, and their labels as feedback.

    Args:
        settings: What to send, how much of it, and the share and delay of feedback.
    """
    send_traffic(**settings.model_dump())


class TrafficRunSummary(Summary):
    """Summary of a traffic run."""

    pipeline: Literal["traffic"] = "traffic"
    traffic: TrafficRecord

    def rows(self) -> Mapping[str, str]:
        """Return what was sent and how many predictions were correct. See Summary."""
        sent = self.traffic
        what = sent.condition + (f", with {sent.corruption}" if sent.corruption else "")
        failed = f"[red]{sent.failed} failed[/]" if sent.failed else "none failed"
        return {
            "sent": f"{sent.requests} requests, {sent.images} different images "
            f"[dim]({escape(what)})[/]",
            "answered": f"by version {sent.model_version}; {failed}",
            "accuracy": "" if sent.accuracy is None else f"{sent.accuracy:.3f}",
            "feedback": f"labels for {sent.feedback} requests",
            "run": self.run_row(),
        }

    def next_steps(self) -> Sequence[str]:
        """Return the commands that show captured requests and detect drift. See Summary."""
        return (
            "[bold]python run.py captured[/] to show the latest requests",
            "[bold]python run.py --pipeline drift_detection[/] to test it for drift",
        )


def summarize(run: PipelineRunResponse) -> TrafficRunSummary:
    """Summarize a finished run.

    Args:
        run: A run that succeeded.

    Returns:
        Numbers of requests, failures and labels, and the accuracy.
    """
    return TrafficRunSummary(run=RunInfo.of(run), traffic=outputs_of(run)["traffic"].load())
