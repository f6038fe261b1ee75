"""What training, sweep and retraining share: from faces and their split to a promoted version."""

from pydantic import JsonValue
from zenml.client import Client

from faces.models import ModelParams
from pipelines.shared.artifact import Artifact
from pipelines.shared.settings import GateSettings
from steps.evaluation.evaluate_model import evaluate_model
from steps.evaluation.fit_rejection_threshold import fit_rejection_threshold
from steps.evaluation.plot_results import plot_results
from steps.evaluation.write_model_card import write_model_card
from steps.promotion.promote_model import promote_model
from steps.promotion.register_model import register_model
from steps.training.export_model import export_model
from steps.training.fit_drift_detector import fit_drift_detector
from steps.training.fit_features import fit_features
from steps.training.train_model import train_model


def train_and_gate(
    faces: Artifact,
    split: Artifact,
    *,
    model: str,
    params: ModelParams,
    detector: str,
    quantization: str,
    gate: GateSettings | None,
    settings: dict[str, JsonValue],
    removed: int = 0,
    hold: bool = False,
) -> tuple[Artifact, Artifact]:
    """Wire the steps from fitting the features to the promotion gate.

    Args:
        faces: The output of a step that loads or extends the data.
        split: The output of a step that splits it.
        model: The recogniser.
        params: Its parameters.
        detector: The drift detector that is fitted for the version.
        quantization: How the exported model's file stores the weights.
        gate: When a candidate is promoted; None if it was trained because personal data had to be
            removed, which is reason enough.
        settings: All training settings, which are recorded with the version.
        removed: Number of people who were removed from the data on purpose.
        hold: Whether a person has to approve a candidate before it is promoted.

    Returns:
        The artifacts of the new version's number and of its promotion.
    """
    features = fit_features(faces, split, model, params)
    fitted = train_model(faces, split, features, model, params)
    open_set = fit_rejection_threshold(faces, split, model, params)
    portable = export_model(faces, split, fitted, open_set, quantization)
    return gate_candidate(
        faces,
        split,
        features,
        fitted,
        portable,
        evaluate_model(faces, split, features, portable, open_set),
        detector=detector,
        gate=gate,
        settings=settings,
        removed=removed,
        hold=hold,
    )


def gate_candidate(
    faces: Artifact,
    split: Artifact,
    features: Artifact,
    fitted: Artifact,
    portable: Artifact,
    evaluation: tuple[Artifact, Artifact, Artifact, Artifact],
    *,
    detector: str,
    gate: GateSettings | None,
    settings: dict[str, JsonValue],
    removed: int = 0,
    hold: bool = False,
) -> tuple[Artifact, Artifact]:
    """Wire the steps from the evaluation of a recogniser to the promotion gate.

    Args:
        faces: The data.
        split: Its split.
        features: The fitted feature steps.
        fitted: The fitted recogniser.
        portable: The exported recogniser.
        evaluation: What the step `evaluate_model` returns.
        detector: As for `train_and_gate`.
        gate: As for `train_and_gate`.
        settings: As for `train_and_gate`.
        removed: As for `train_and_gate`.
        hold: As for `train_and_gate`.

    Returns:
        The artifacts of the new version's number and of its promotion.
    """
    metrics, predictions, by_condition, confused = evaluation
    drift_detector = fit_drift_detector(faces, split, detector)
    plots = plot_results(faces, split, features, predictions)
    card = write_model_card(faces, split, portable, metrics, by_condition, settings)
    register = register_model.with_options(experiment_tracker=tracker_name())
    version = register(
        faces, split, features, fitted, portable, drift_detector, metrics, predictions,
        by_condition, confused, plots, card, settings,
    )  # fmt: skip
    limits = gate or GateSettings()
    promotion = promote_model(
        version,
        metrics,
        limits.tolerances.model_dump(),
        limits.minimum_images,
        limits.minimum_share,
        removed,
        hold=hold,
        removal=gate is None,
    )
    return version, promotion


def tracker_name() -> str | None:
    """Return the name of the active stack's experiment tracker, for steps that use it."""
    tracker = Client().active_stack.experiment_tracker
    return tracker.name if tracker else None
