"""Promote a version that a person has approved, if production is still as it was."""

from dataclasses import asdict, replace
from typing import Annotated

from zenml import get_step_context, step
from zenml.enums import ModelStages
from zenml.models import ModelVersionResponse

from steps.promotion.champion import sync_champion
from store.approvals import Approval, approval_of
from store.materializers import RECORD
from store.production import GATE, set_production
from store.records import ApprovalRequest, Promotion
from store.run_metadata import describe_run
from store.signing import sign_version
from store.versions import NO_STAGE, production_version, require_version

APPROVED_PROMOTION = "approved_promotion"
HELD = "held for approval: "


@step(enable_cache=False, output_materializers={APPROVED_PROMOTION: RECORD})
def promote_approved(
    request: ApprovalRequest, held: Promotion
) -> Annotated[Promotion, APPROVED_PROMOTION]:
    """Promote the approved version, or refuse to and record why.

    The version is not promoted if production has changed since the gate compared it: what was
    approved is that it replaces the version that it was compared with.

    Args:
        request: What was approved.
        held: What the gate decided about the version.

    Returns:
        Whether the version is in production now, and why.

    Raises:
        UserError: If the version was deleted.
    """
    approval = approval_of(get_step_context().pipeline_run.id)
    refusal = promote(approval)
    candidate = require_version(request.version)
    details = held.reason.removeprefix(HELD)
    promotion = replace(
        held,
        stage=str(candidate.stage or NO_STAGE),
        promoted=refusal is None,
        reason=f"not promoted: {refusal}" if refusal else f"promoted after approval: {details}",
        replaced=None if refusal else held.replaced,
        held=False,
    )
    described = {"approved_by": approval.who, "requested": approval.requested.isoformat()}
    describe_run("approval", {**asdict(promotion), **described})
    return promotion


def promote(approval: Approval) -> str | None:
    """Promote the version that was approved, unless that was done before.

    Args:
        approval: The answer.

    Returns:
        Why it is not promoted, in one line; None if it is in production.

    Raises:
        UserError: If the version was deleted.
    """
    candidate, production = require_version(approval.version), production_version()
    if production is None or production.id != candidate.id:
        if refusal := why_refused(approval, candidate, production):
            return refusal
        if not set_production(candidate, instead_of=production):
            return "another run changed production at the same time"
    reason = str(candidate.run_metadata.get(GATE, "")).removeprefix(HELD)
    sign_version(candidate, reason, approval.who)
    sync_champion()
    return None


def why_refused(
    approval: Approval, candidate: ModelVersionResponse, production: ModelVersionResponse | None
) -> str | None:
    """Return why an approved version is not promoted.

    Args:
        approval: The answer.
        candidate: The version.
        production: The version in production now, None if there is none.

    Returns:
        The reason in one line, None if the version is promoted.
    """
    if not approval.in_time:
        expires = approval.expires.isoformat(timespec="seconds")
        return f"it was approved after the request had expired ({expires})"
    if candidate.stage == ModelStages.ARCHIVED:
        return "it was in production, and was replaced since"
    now = production.number if production else None
    if now != approval.compared_with:
        return (
            f"production has changed: {_name(now)} is in production, and the candidate was "
            f"compared with {_name(approval.compared_with)}"
        )
    return None


def _name(version: int | None) -> str:
    return "no version" if version is None else f"version {version}"
