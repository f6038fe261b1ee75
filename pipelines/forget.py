"""Forget a person, a captured request or old copies: in the live model, and in every store."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field
from rich.markup import escape
from zenml import pipeline
from zenml.models import PipelineRunResponse

from components.deployers.base import active_deployer
from components.settings import CommandLine, Settings
from faces import NAME
from faces.dates import parse_moment
from faces.errors import OperationError, UserError, require_choice
from pipelines.shared.settings import VerificationImages
from pipelines.shared.summary import RunInfo, Summary, outputs_of
from pipelines.shared.train_and_gate import train_and_gate
from pipelines.shared.training_settings import TrainingSettings
from steps.deployment.deploy_model import deploy_model
from steps.deployment.record_deployment import record_deployment
from steps.deployment.verify_endpoint import verify_endpoint
from steps.erasure.captured import labelled_people, requested_images
from steps.erasure.erase_copies import ERASURE_RECEIPT, erase_copies
from steps.erasure.expire_copies import EXPIRY_RECEIPT, expire_copies
from steps.erasure.plan_erasure import plan_erasure
from steps.erasure.remove_from_data import remove_from_data
from steps.erasure.withdraw_endpoint import withdraw_endpoint
from store.erasure.inventory import known_people
from store.erasure.register import erased_people, pending_erasure, request_erasure
from store.records import ErasurePlan, ErasureReceipt
from store.versions import require_version


class ForgetSettings(Settings):
    """Settings of the forget pipeline. Without any of the three, it continues a killed run."""

    person: Annotated[str, CommandLine(metavar="NAME")] = Field(
        default="", description="the person to forget, as in the data; never recorded"
    )
    request: Annotated[str, CommandLine(metavar="ID")] = Field(
        default="", description="the captured request to forget"
    )
    before: Annotated[str, CommandLine(metavar="DATE")] = Field(
        default="",
        description="forget what was captured before 2026-11-01 or 2026-11-01T12:30, in UTC, but "
        "not what a version that is live, in production or to roll back to has learned",
    )
    verification_images: VerificationImages = 8

    def complete(self, config: str) -> Self:
        """Check that one thing is named, and the format of the date. See Settings."""
        if len(list(filter(None, (self.person, self.request, self.before)))) > 1:
            raise UserError("name one of --person, --request and --before at a time")
        if self.before:
            parse_moment("--before", self.before)
        return self


SETTINGS = ForgetSettings
SINGLE_INSTANCE = True
ALONE = True
"""Another run could learn from the person while this one searches for what to delete."""


def prepare(settings: ForgetSettings) -> ForgetSettings:
    """Record what has to be erased, and keep the name out of the run's own record.

    Args:
        settings: The settings with the person and the request.

    Returns:
        The settings without them.

    Raises:
        UserError: If nobody has this name, no such request is captured, or there is nothing to do.
    """
    if settings.before:
        return settings
    places = active_deployer().captured()
    if settings.person and not erased_people([settings.person]):
        require_choice("person", settings.person, {*known_people(), *labelled_people(places)})
    images = requested_images(places, settings.request) if settings.request else []
    if settings.request and not images and settings.request not in pending_erasure().requests:
        raise UserError(
            f"--request {settings.request}: no captured request has this id: "
            "python run.py captured lists them"
        )
    if settings.person or settings.request:
        people, requests = filter(None, [settings.person]), filter(None, [settings.request])
        request_erasure(people, requests, images)
    elif not pending_erasure():
        raise UserError("nothing to continue: name a --person or a --request")
    return settings.model_copy(update={"person": "", "request": ""})


PREPARE = prepare


@pipeline(name="forget", dynamic=True, enable_cache=False)
def forget(settings: ForgetSettings) -> None:
    """Put a model without the person live, and then erase the person everywhere.

    1. Find the versions that learned from the person, or from the request.
    2. If one of them is live or in production: train again without them, as the training pipeline
       would have done, and promote the result.
    3. Deploy it without a failed request, and compare the endpoint with the model. If too few
       people are left to train with, the endpoint ends.
    4. Erase captured requests, data versions, windows, pages, plots, logs, tracked runs and
       versions; write a receipt.

    Copies before a date are only deleted; what learned from them stays if it is needed.

    Args:
        settings: The date, and the number of faces for the comparison. Names are in the register of
            erasures.

    Raises:
        OperationError: If the model without the person is incomplete.
    """
    if settings.before:
        expire_copies(settings.before)
        return
    plan: ErasurePlan = plan_erasure().load()
    version = plan.production
    if plan.basis is not None:
        training = TrainingSettings.model_validate(
            require_version(plan.basis).run_metadata["settings"]
        )
        faces, split = remove_from_data(
            plan.basis, training.condition, training.test_share, training.seed
        )
        version, promotion = train_and_gate(
            faces,
            split,
            model=training.model,
            params=training.params,
            detector=training.drift_detector,
            quantization=training.quantization,
            gate=None,
            settings=training.model_dump(mode="json"),
        )
        if not promotion.load().promoted:
            raise OperationError(f"nothing was erased yet: {promotion.load().reason}")
    if plan.withdraw:
        withdraw_endpoint()
    if plan.deploy:
        rollout = deploy_model(version, None)
        difference = verify_endpoint(rollout, settings.verification_images)
        record_deployment(rollout, difference)
    erase_copies()


class ForgetSummary(Summary):
    """Summary of an erasure. It holds no names."""

    pipeline: Literal["forget"] = "forget"
    receipt: ErasureReceipt
    artifact: str = Field(description="URI of the receipt")

    def rows(self) -> Mapping[str, str]:
        """Return what is live, what was removed where, and what stays. See Summary."""
        receipt = self.receipt
        live = f"[green]{NAME} version {receipt.live}[/]" if receipt.live else "nothing"
        removed = (f"{count} {place}" for place, count in receipt.removed.items() if count)
        versions = ", ".join(map(str, receipt.versions)) or "none"
        return {
            "live": live,
            "removed": escape(", ".join(removed)) or "nothing",
            "versions": f"deleted: {versions}",
            "remains": escape("; ".join(receipt.remains)),
            "receipt": escape(self.artifact),
            "run": self.run_row(),
        }

    def next_steps(self) -> Sequence[str]:
        """Return what only the user can do. See Summary."""
        if not self.receipt.remains:
            return ()
        return (
            "remove the person from the data source, and delete what you exported: "
            "docs/privacy.md lists the places",
        )


def summarize(run: PipelineRunResponse) -> ForgetSummary:
    """Summarize a finished run.

    Args:
        run: A run that succeeded.

    Returns:
        The receipt.
    """
    outputs = outputs_of(run)
    artifact = outputs.get(ERASURE_RECEIPT) or outputs[EXPIRY_RECEIPT]
    return ForgetSummary(run=RunInfo.of(run), receipt=artifact.load(), artifact=artifact.uri)
