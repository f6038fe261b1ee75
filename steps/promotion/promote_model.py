"""Decide whether a candidate replaces the production model, and record the reason."""

from typing import Annotated, Any

import numpy as np
import pandas as pd
from zenml import log_metadata, step
from zenml.client import Client
from zenml.models import ModelVersionResponse

from faces import NAME
from faces.data import sources
from faces.errors import UserError
from faces.evaluation import promotion_gate
from faces.evaluation.metrics import BASELINE, DRIFTED
from faces.evaluation.promotion_gate import Comparison, GateDecision, VersionFacts
from store.production import ROLLED_BACK, set_production, sync_registry_alias
from store.versions import (
    NO_STAGE,
    find_version,
    has_remote_artifacts,
    load_artifact,
    production_version,
)


@step(enable_cache=False)
def promote_model(
    version: int,
    metrics: dict[str, float],
    tolerances: dict[str, float],
    minimum_images: int,
) -> Annotated[dict[str, Any], "decision"]:
    """Compare the candidate with production, decide, act, and record the reason."""
    candidate = find_version(version)
    if candidate is None:
        raise UserError(f"version {version} of {NAME} was deleted: run again with --no-cache")
    while True:
        production = production_version()
        decision = _decide(candidate, production, metrics, tolerances, minimum_images)
        if production is not None and production.id == candidate.id:
            break
        log_metadata(metadata={"gate": decision.reason}, model_version_id=candidate.id)
        if not decision.promoted:
            break
        if set_production(candidate, instead_of=production):
            break
    sync_registry_alias()
    return {
        "name": NAME,
        "version": str(version),
        "stage": str((find_version(version) or candidate).stage or NO_STAGE),
        "promoted": decision.promoted,
        "reason": decision.reason,
        "replaced": str(production.number) if production and decision.promoted else None,
    }


def _decide(
    candidate: ModelVersionResponse,
    production: ModelVersionResponse | None,
    metrics: dict[str, float],
    tolerances: dict[str, float],
    minimum_images: int,
) -> GateDecision:
    try:
        predictions: pd.DataFrame = load_artifact(candidate, "predictions")
    except LookupError as error:
        return promotion_gate.nothing_to_compare(error)
    required = [f"{part}_accuracy" for part in predictions["part"].unique()]
    return promotion_gate.decide(
        _facts(candidate),
        _facts(production) if production else None,
        metrics,
        [f"{BASELINE}_accuracy", *required],
        lambda: _compare(candidate, production, predictions) if production else {},
        tolerances,
        minimum_images,
        _stack_is_local(),
    )


def _facts(version: ModelVersionResponse) -> VersionFacts:
    reason = version.run_metadata.get(ROLLED_BACK)
    return VersionFacts(
        number=version.number,
        is_synthetic=sources.is_synthetic(str(version.run_metadata.get("data_source"))),
        rolled_back=str(reason) if reason else None,
        has_remote_artifacts=has_remote_artifacts(version),
        identities=lambda: frozenset(map(str, load_artifact(version, "model").classes_)),
    )


def _compare(
    candidate: ModelVersionResponse,
    production: ModelVersionResponse,
    predictions: pd.DataFrame,
) -> dict[str, Comparison]:
    """Compare both on the candidate's held-out images that production was not trained on."""
    model = load_artifact(production, "model")
    learned = load_artifact(production, "faces")[load_artifact(production, "split").train].ids
    fresh = predictions[~predictions["id"].isin(learned)]
    faces = load_artifact(candidate, "faces")
    comparisons = {}
    for part in (BASELINE, DRIFTED):
        rows = fresh[fresh["part"] == part]
        answers = np.array([], dtype=str)
        if len(rows):
            answers = model.predict(faces[rows["row"].to_numpy()].pixels).astype(str)
        comparisons[part] = promotion_gate.compare_predictions(
            rows["label"].to_numpy(dtype=str), rows["predicted"].to_numpy(dtype=str), answers
        )
    return comparisons


def _stack_is_local() -> bool:
    stack = Client().active_stack
    return stack.orchestrator.config.is_local and stack.artifact_store.config.is_local
