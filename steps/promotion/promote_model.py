"""Apply the promotion gate to a candidate, and act on its decision."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import pandas as pd
from zenml import step
from zenml.client import Client
from zenml.metadata.metadata_types import MetadataType
from zenml.models import ModelVersionResponse

from faces import NAME
from faces.errors import UserError
from faces.evaluation import promotion_gate
from faces.evaluation.metrics import BASELINE, DRIFTED
from faces.evaluation.promotion_gate import GateDecision, GateLimits
from steps.promotion.champion import sync_champion
from steps.promotion.gate_evidence import (
    compare_people,
    compare_versions,
    describe_version,
    measure_recognition,
)
from store.materializers import RECORD
from store.production import record_gate_decision, set_production
from store.records import Promotion
from store.run_metadata import describe_run
from store.signing import sign_version
from store.versions import (
    NO_STAGE,
    find_version,
    load_artifact,
    production_version,
)


@step(enable_cache=False, output_materializers={"promotion": RECORD})
def promote_model(
    version: int,
    metrics: dict[str, float],
    tolerances: dict[str, float],
    minimum_images: int,
    minimum_share: float,
    removed: int = 0,
    hold: bool = False,
    removal: bool = False,
) -> Annotated[Promotion, "promotion"]:
    """Compare the candidate with production; promote it or not, and record the reason.

    Args:
        version: Number of the candidate.
        metrics: Its metrics on held-out images.
        tolerances: Accuracy that it may lose against production, in [0, 1], by part: `baseline` and
            `drifted`.
        minimum_images: Number of images that neither model was trained on; fewer cannot decide.
        minimum_share: Share of a reference recogniser's accuracy that it must reach.
        removed: Number of people who were removed from the data on purpose.
        hold: Whether a person has to approve the candidate: then it is only compared.
        removal: Whether the candidate was trained because personal data had to be removed: it is
            not compared with production then.

    Returns:
        The gate's decision with its reason, and the candidate's stage afterwards.

    Raises:
        UserError: If the candidate was deleted.
    """
    candidate = find_version(version)
    if candidate is None:
        raise UserError(f"version {version} of {NAME} was deleted: run again with --no-cache")
    limits = GateLimits(tolerances, minimum_images, minimum_share, removed)
    while True:
        production = production_version()
        decision = _decide(candidate, production, metrics, limits, removal)
        unchanged = production is not None and production.id == candidate.id
        held = hold and decision.promoted and not unchanged
        if held:
            decision = replace(decision, promoted=False, reason=_held_reason(decision.reason))
        if unchanged or not decision.promoted:
            break
        if set_production(candidate, instead_of=production):
            break
    public_reason = decision.anonymous_reason or decision.reason
    if decision.promoted:
        sign_version(candidate, public_reason)
    record_gate_decision(candidate, public_reason)
    sync_champion()
    public = replace(decision, reason=public_reason)
    describe_run("training", _describe(candidate, public, metrics))
    if decision.promoted and not unchanged:
        candidate = find_version(version) or candidate
    replaces = decision.promoted or held
    return Promotion(
        name=NAME,
        version=version,
        stage=str(candidate.stage or NO_STAGE),
        promoted=decision.promoted,
        reason=decision.reason,
        replaced=production.number if production and replaces else None,
        held=held,
        anonymous_reason=decision.anonymous_reason,
        people=tuple(sorted(decision.people)),
    )


def _held_reason(reason: str) -> str:
    """Return the reason of a gate that would promote a candidate which has to be approved."""
    return f"held for approval: {reason.removeprefix('promoted: ')}"


def _describe(
    candidate: ModelVersionResponse, decision: GateDecision, metrics: Mapping[str, float]
) -> dict[str, MetadataType | None]:
    recorded = candidate.run_metadata
    settings, data = recorded["settings"], recorded["data"]
    assert isinstance(settings, dict)
    assert isinstance(data, dict)
    accuracies: dict[str, MetadataType | None] = {}
    for name in (f"{part}_accuracy" for part in (BASELINE, DRIFTED)):
        if name in metrics:
            interval = f"{metrics[f'{name}_low']:.3f} to {metrics[f'{name}_high']:.3f}"
            accuracies |= {name: metrics[name], f"{name}_interval": interval}
    return {
        "version": candidate.number,
        "model": settings["model"],
        "data_source": recorded["data_source"],
        "data_version": recorded["data_version"],
        "condition": data["condition"],
        "people": data["people"],
        "training_images": data["train"],
        **accuracies,
        "promoted": decision.promoted,
        "outcome": decision.reason.split(": ", 1)[0],
        # Without "promoted: ", which the dashboard would take for the scheme of a URL.
        "gate": decision.reason.split(": ", 1)[-1],
    }


def _decide(
    candidate: ModelVersionResponse,
    production: ModelVersionResponse | None,
    metrics: Mapping[str, float],
    limits: GateLimits,
    removal: bool,
) -> GateDecision:
    try:
        predictions: pd.DataFrame = load_artifact(candidate, "predictions")
    except LookupError as error:
        return promotion_gate.nothing_to_compare(error)
    parts = dict.fromkeys([BASELINE, *predictions["part"].unique()])
    required = [f"{part}_accuracy" for part in parts]
    facts = describe_version(candidate)
    if removal:
        return promotion_gate.decide_removal(
            facts, metrics, required, stack_is_local=_stack_is_local()
        )
    return promotion_gate.decide(
        facts,
        describe_version(production) if production else None,
        metrics,
        required_metrics=required,
        measure=lambda: measure_recognition(candidate, predictions, limits.minimum_images),
        compare=lambda: compare_versions(candidate, production, predictions) if production else {},
        collect_evidence=lambda: compare_people(candidate, production),
        limits=limits,
        stack_is_local=_stack_is_local(),
    )


def _stack_is_local() -> bool:
    stack = Client().active_stack
    return stack.orchestrator.config.is_local and stack.artifact_store.config.is_local
