"""The gate: the candidate takes the place of production, or it does not, and why."""

from typing import Annotated, Any

import numpy as np
import pandas as pd
from zenml import log_metadata, step
from zenml.client import Client
from zenml.models import ModelVersionResponse

from faces import NAME
from faces.errors import UserError
from faces.evaluation import promotion_gate
from faces.evaluation.metrics import BASELINE, DRIFTED
from faces.evaluation.promotion_gate import REAL, SYNTHETIC, Comparison, GateDecision
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
    """Compare the candidate with production, decide, act, and write the reason down."""
    candidate = find_version(version)
    if candidate is None:
        raise UserError(f"version {version} of {NAME} was deleted: run again with --no-cache")
    while True:
        production = production_version()
        if production is not None and production.id == candidate.id:
            verdict = GateDecision(True, "stays: it is the model in production")
            break
        try:
            verdict = _judge(candidate, production, metrics, tolerances, minimum_images)
        except LookupError as error:
            verdict = GateDecision(False, f"refused: nothing to compare with: {error}")
        log_metadata(metadata={"gate": verdict.reason}, model_version_id=candidate.id)
        if not verdict.promoted:
            break
        if set_production(candidate, instead_of=production):
            break
    sync_registry_alias()
    return {
        "name": NAME,
        "version": str(version),
        "stage": str((find_version(version) or candidate).stage or NO_STAGE),
        "promoted": verdict.promoted,
        "reason": verdict.reason,
        "replaced": str(production.number) if production and verdict.promoted else None,
    }


def _judge(
    candidate: ModelVersionResponse,
    production: ModelVersionResponse | None,
    metrics: dict[str, float],
    tolerances: dict[str, float],
    minimum_images: int,
) -> GateDecision:
    predictions: pd.DataFrame = load_artifact(candidate, "predictions")
    required = [f"{part}_accuracy" for part in predictions["part"].unique()]
    kind = _kind(candidate)
    if refused := promotion_gate.check_metrics(metrics, [f"{BASELINE}_accuracy", *required]):
        return refused
    if reason := candidate.run_metadata.get(ROLLED_BACK):
        return GateDecision(False, f"refused: it was rolled back ({reason})")
    if kind == SYNTHETIC and not _stack_is_local():
        return GateDecision(False, "refused: synthetic faces are for local stacks only")
    if production is None:
        return GateDecision(True, "promoted: there was no model in production")
    if has_remote_artifacts(production) and not has_remote_artifacts(candidate):
        return GateDecision(
            False, "refused: its files are on one machine, those of production are not"
        )
    if has_remote_artifacts(candidate) and not has_remote_artifacts(production):
        return GateDecision(
            False,
            f"refused: version {production.number} in production has its files on one machine, so "
            "nothing here can be compared with it: archive it, and run again",
        )
    model = load_artifact(production, "model")
    known = load_artifact(candidate, "model")
    decided = promotion_gate.check_people(
        set(map(str, known.classes_)),
        set(map(str, model.classes_)),
        candidate_is=kind,
        production_is=_kind(production),
    )
    if decided:
        return decided
    comparisons = _compare(candidate, production, predictions, model)
    return promotion_gate.check_comparisons(comparisons, tolerances, minimum_images)


def _compare(
    candidate: ModelVersionResponse,
    production: ModelVersionResponse,
    predictions: pd.DataFrame,
    model: Any,
) -> dict[str, Comparison]:
    """Both models on the candidate's held-out images, without those production was trained on."""
    learned = load_artifact(production, "faces")[load_artifact(production, "split").train].ids
    fresh = predictions[~predictions["id"].isin(learned)]
    faces = load_artifact(candidate, "faces")
    comparisons = {}
    for part in (BASELINE, DRIFTED):
        rows = fresh[fresh["part"] == part]
        answers = np.array([], dtype=str)
        if len(rows):
            answers = model.predict(faces[rows["row"].to_numpy()].pixels).astype(str)
        comparisons[part] = promotion_gate.compare(
            rows["label"].to_numpy(dtype=str), rows["predicted"].to_numpy(dtype=str), answers
        )
    return comparisons


def _kind(version: ModelVersionResponse) -> str:
    return SYNTHETIC if version.run_metadata.get("data_source") == "synthetic" else REAL


def _stack_is_local() -> bool:
    stack = Client().active_stack
    return stack.orchestrator.config.is_local and stack.artifact_store.config.is_local
