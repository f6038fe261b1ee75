"""What training and retraining share: from faces and their split to a version that was judged."""

from typing import Any

from zenml.client import Client

from steps.evaluation.evaluate_model import evaluate_model
from steps.evaluation.fit_rejection_threshold import fit_rejection_threshold
from steps.evaluation.plot_results import draw_pictures
from steps.evaluation.write_model_card import write_card
from steps.promotion.promote_model import promote_model
from steps.promotion.register_model import register_model
from steps.training.export_model import export_model
from steps.training.fit_features import fit_pca
from steps.training.train_model import train_model


def train_and_gate(
    faces: Any, split: Any, settings: dict[str, Any], gate: dict[str, Any]
) -> tuple[Any, Any]:
    """Wire the steps from PCA to the gate; gives the new version and the gate's decision.

    `faces` and `split` are outputs of steps; `settings` are those of training.
    """
    model, params = settings["model"], settings["params"]
    tracker = Client().active_stack.experiment_tracker
    pca = fit_pca(faces, split, model, params)
    fitted = train_model(faces, split, pca, model, params)
    strangers = fit_rejection_threshold(faces, split, model, params)
    portable = export_model(faces, fitted, strangers)
    metrics, predictions, by_condition, confused = evaluate_model(faces, split, fitted, strangers)
    pictures = draw_pictures(faces, split, pca, predictions)
    card = write_card(faces, split, portable, metrics, by_condition, settings)
    version = register_model.with_options(experiment_tracker=tracker.name if tracker else None)(
        faces, split, pca, fitted, portable, metrics, predictions, by_condition, confused, pictures,
        card, settings,
    )  # fmt: skip
    decision = promote_model(version, metrics, gate["tolerances"], gate["minimum_images"])
    return version, decision
