"""Serve the version in production, and compare the endpoint with the trained model."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field
from rich.markup import escape
from zenml import pipeline
from zenml.models import PipelineRunResponse

from components.deployers.settings import CanarySettings, ServingSettings
from components.settings import CommandLine
from faces import NAME
from faces.evaluation.canary_release import CanaryRelease
from pipelines.shared.settings import CANARY, DIRECT, Rollout, VerificationImages
from pipelines.shared.summary import RunInfo, Summary, outputs_of
from steps.deployment.deploy_model import deploy_model
from steps.deployment.record_deployment import record_deployment
from steps.deployment.select_version import REPAIRED, select_production_version
from steps.deployment.start_canary import start_canary
from steps.deployment.verify_endpoint import verify_endpoint
from store import canary_releases
from store.deployments import deployments
from store.records import Deployment
from store.users import user_name


class DeploymentSettings(ServingSettings):
    """Settings of the deployment pipeline."""

    rollout: Annotated[Rollout, CommandLine(metavar="HOW")] = DIRECT
    canary: CanarySettings = CanarySettings()
    verification_images: VerificationImages = 8

    @property
    def serving(self) -> ServingSettings:
        """The settings of the endpoint."""
        return ServingSettings(endpoint=self.endpoint, capture=self.capture)


SETTINGS = DeploymentSettings


@pipeline(name="deployment", enable_cache=False)
def deployment(settings: DeploymentSettings) -> None:
    """Serve the version in production on the active stack's endpoint.

    1. Select the version in production.
    2. Deploy it without a failed request.
    3. Compare the endpoint with the trained model; restore the previous version if they differ.
    4. Record who deployed which version, when, and which version it replaced.

    With `rollout: canary`, the version answers in the shadow of the live one instead, and the
    pipeline drift_detection continues from there.

    Args:
        settings: Settings of the endpoint, and the number of faces for the comparison.
    """
    version = select_production_version()
    if settings.rollout == CANARY:
        start_canary(version, settings.canary, settings.verification_images)
        return
    rollout = deploy_model(version, settings.serving)
    difference = verify_endpoint(rollout, settings.verification_images)
    record_deployment(rollout, difference)


class EndpointSummary(BaseModel):
    """The endpoint."""

    url: str
    model_version: int


class DeploymentSummary(Summary):
    """Summary of a deployment or a rollback."""

    pipeline: Literal["deployment", "rollback"]
    endpoint: EndpointSummary
    replaced: int | None = Field(description="the version that was live before")
    reason: str
    who: str
    when: str = Field(description="date and time in UTC, ISO 8601")
    largest_difference: float | None = Field(
        description="between endpoint and model, in probability; null: a canary release began"
    )
    note: str | None = Field(description="the deployer's note, such as a restart after a crash")
    canary: CanaryRelease | None = Field(
        default=None, description="the canary release that began, if there is one"
    )
    repaired: str | None = Field(
        default=None, description="what a killed run had left, which this run finished or undid"
    )

    def rows(self) -> Mapping[str, str]:
        """Return what is live where, what it replaced, and why. See Summary."""
        if self.canary:
            return self._canary_rows(self.canary)
        version = self.endpoint.model_version
        previous = f"version {self.replaced}" if self.replaced else "nothing"
        same = " (already live)" if self.replaced == version else ""
        noticed = {"noticed": f"[yellow]{escape(self.note)}[/]"} if self.note else {}
        repaired = {"repaired": f"[yellow]{escape(self.repaired)}[/]"} if self.repaired else {}
        return {
            "live": f"[green]{NAME} version {version}[/]",
            "replaced": f"{previous}{same}",
            "endpoint": f"{self.endpoint.url}/api/v1.0/predictions",
            "verified": "predictions match the trained model "
            f"[dim](max. difference {self.largest_difference:.1g})[/]",
            **noticed,
            **repaired,
            "reason": escape(self.reason),
            "by": escape(f"{self.who}, {self.when}"),
            "run": self.run_row(),
        }

    def _canary_rows(self, release: CanaryRelease) -> Mapping[str, str]:
        return {
            "live": f"[green]{NAME} version {release.previous}[/]",
            "candidate": f"version {release.candidate} [dim]({escape(release.reason)})[/]",
            "endpoint": f"{self.endpoint.url}/api/v1.0/predictions",
            "by": escape(f"{self.who}, {self.when}"),
            "run": self.run_row(),
        }

    def next_steps(self) -> Sequence[str]:
        """Return commands for a prediction, the state and, if possible, a rollback. See Summary."""
        if self.canary:
            return (
                "[bold]python run.py --pipeline drift_detection[/] after some traffic, or with "
                "[bold]--every 10min[/]: the candidate advances, or goes back",
            )
        steps = [
            "[bold]python run.py predict[/] to send it a face",
            "[bold]python run.py endpoint[/] to see whether it is running",
        ]
        others = {None, self.endpoint.model_version}
        if self.pipeline == "deployment" and self.replaced not in others:
            steps.append(
                f"[bold]python run.py --pipeline rollback[/] to restore version {self.replaced}"
            )
        return steps


def summarize(run: PipelineRunResponse) -> DeploymentSummary:
    """Summarize a finished run of deployment or rollback.

    Args:
        run: A run that succeeded.

    Returns:
        The endpoint with its version, and what is recorded about the deployment.
    """
    outputs = outputs_of(run)
    if canary_releases.CANARY in outputs:
        return _summarize_canary(run, outputs[canary_releases.CANARY].load())
    record: Deployment = outputs["deployment"].load()
    return DeploymentSummary(
        run=RunInfo.of(run),
        pipeline=record.kind,  # type: ignore[arg-type]
        endpoint=EndpointSummary(url=record.url, model_version=record.version),
        replaced=record.replaced,
        reason=record.reason,
        who=record.who,
        when=record.when,
        largest_difference=record.largest_difference,
        note=record.note,
        repaired=_repaired(run),
    )


def _repaired(run: PipelineRunResponse) -> str | None:
    entry = run.run_metadata.get(REPAIRED)
    return str(entry["reason"]) if isinstance(entry, dict) else None


def _summarize_canary(run: PipelineRunResponse, release: CanaryRelease) -> DeploymentSummary:
    return DeploymentSummary(
        run=RunInfo.of(run),
        pipeline="deployment",
        endpoint=EndpointSummary(url=deployments()[-1].url, model_version=release.previous),
        replaced=None,
        reason=release.reason,
        who=user_name(),
        when=release.when,
        largest_difference=None,
        note=None,
        canary=release,
    )
