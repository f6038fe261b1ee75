"""Apply the promotion gate to a candidate, and act on its decision."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import numpy as np
import pandas as pd
from zenml import step
from zenml.client import Client
from zenml.metadata.metadata_types import MetadataType
from zenml.models import ModelVersionResponse

from faces import NAME
from faces.data.sources import is_synthetic
from faces.errors import UserError
from faces.evaluation import promotion_gate
from faces.evaluation.comparison import Comparison, compare_predictions
from faces.evaluation.metrics import BASELINE, DRIFTED
from faces.evaluation.person_evidence import collect_evidence
from faces.evaluation.person_tests import PersonEvidence
from faces.evaluation.promotion_gate import GateDecision, VersionFacts
from faces.models.protocol import Recogniser
from steps.promotion.champion import sync_champion
from store.erasure.register import erased_people
from store.materializers import RECORD
from store.production import ROLLED_BACK, record_gate_decision, set_production
from store.records import Promotion
from store.run_metadata import describe_run
from store.versions import (
    NO_STAGE,
    find_version,
    has_remote_artifacts,
    load_artifact,
    production_version,
)


@step(enable_cache=False, output_materializers={"promotion": RECORD})
def promote_model(
    version: int,
    metrics: dict[str, float],
    tolerances: dict[str, float],
    minimum_images: int,
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
    while True:
        production = production_version()
        decision = _decide(candidate, production, metrics, tolerances, minimum_images, removal)
        unchanged = production is not None and production.id == candidate.id
        held = hold and decision.promoted and not unchanged
        if held:
            decision = replace(decision, promoted=False, reason=_held_reason(decision.reason))
        if unchanged or not decision.promoted:
            break
        if set_production(candidate, instead_of=production):
            break
    record_gate_decision(candidate, decision.reason)
    sync_champion()
    describe_run("training", _describe(candidate, decision, metrics))
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
    tolerances: Mapping[str, float],
    minimum_images: int,
    removal: bool,
) -> GateDecision:
    try:
        predictions: pd.DataFrame = load_artifact(candidate, "predictions")
    except LookupError as error:
        return promotion_gate.nothing_to_compare(error)
    parts = dict.fromkeys([BASELINE, *predictions["part"].unique()])
    required = [f"{part}_accuracy" for part in parts]
    if removal:
        return promotion_gate.decide_removal(
            _facts(candidate), metrics, required, stack_is_local=_stack_is_local()
        )
    return promotion_gate.decide(
        _facts(candidate),
        _facts(production) if production else None,
        metrics,
        required_metrics=required,
        compare=lambda: _compare(candidate, production, predictions) if production else {},
        collect_evidence=lambda: _collect_evidence(candidate, production),
        tolerances=tolerances,
        minimum_images=minimum_images,
        stack_is_local=_stack_is_local(),
    )


def _facts(version: ModelVersionResponse) -> VersionFacts:
    rolled_back = version.run_metadata.get(ROLLED_BACK)
    return VersionFacts(
        number=version.number,
        is_synthetic=is_synthetic(str(version.run_metadata.get("data_source"))),
        rolled_back=None if rolled_back is None else str(rolled_back),
        has_remote_artifacts=has_remote_artifacts(version),
        identities=lambda: _identities(version),
    )


def _identities(version: ModelVersionResponse) -> frozenset[str]:
    """Return the people whom a version knows, without those who asked to be forgotten."""
    known = frozenset(map(str, load_artifact(version, "model").classes_))
    return known - erased_people(known)


def _compare(
    candidate: ModelVersionResponse,
    production: ModelVersionResponse,
    predictions: pd.DataFrame,
) -> dict[str, Comparison]:
    """Compare both models on held-out images that neither was trained on."""
    model: Recogniser = load_artifact(production, "model")
    learned = load_artifact(production, "faces")[load_artifact(production, "split").train].ids
    fresh = predictions[~predictions["id"].isin(learned)]
    faces = load_artifact(candidate, "faces")
    comparisons = {}
    for part in (BASELINE, DRIFTED):
        rows = fresh[fresh["part"] == part]
        predicted = np.array([], dtype=str)
        if len(rows):
            predicted = model.predict(faces[rows["row"].to_numpy()].pixels).astype(str)
        comparisons[part] = compare_predictions(
            rows["label"].to_numpy(dtype=str), rows["predicted"].to_numpy(dtype=str), predicted
        )
    return comparisons


def _collect_evidence(
    candidate: ModelVersionResponse, production: ModelVersionResponse | None
) -> PersonEvidence:
    """Compare both models by person, with the answers that an endpoint would give."""
    if production is None:
        raise LookupError("there is no version in production")
    learned = load_artifact(production, "faces")[load_artifact(production, "split").train].ids
    return collect_evidence(
        load_artifact(candidate, "portable"),
        load_artifact(production, "portable"),
        load_artifact(candidate, "faces"),
        load_artifact(candidate, "split"),
        learned,
    )


def _stack_is_local() -> bool:
    stack = Client().active_stack
    return stack.orchestrator.config.is_local and stack.artifact_store.config.is_local
