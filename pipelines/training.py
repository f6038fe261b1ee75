"""Training: from faces to a model version, and into production if the gate lets it."""

from typing import Any

from zenml import pipeline
from zenml.client import Client
from zenml.models import PipelineRunResponse

from steps.draw import draw_pictures
from steps.evaluate import evaluate_model
from steps.export import export_model
from steps.load import load_faces
from steps.promote import promote_model
from steps.reduce import fit_pca
from steps.register import register_model
from steps.split import split_faces
from steps.train import train_model


@pipeline(name="training")
def training(settings: dict[str, Any]) -> None:
    """Train a recogniser on some conditions and measure it on all.

    1. Load the faces.
    2. Split them by condition: training, baseline test, drifted.
    3. Fit PCA, then the classifier.
    4. Export it in the portable form that endpoints serve.
    5. Evaluate on the baseline test and on the drifted images; draw pictures.
    6. Record the model in MLflow and as a version in ZenML.
    7. Promote it, if it passes the gate.
    """
    data, gate, model = settings["data"], settings["gate"], settings["model"]
    seed, params = settings["seed"], settings["params"]
    tracker = Client().active_stack.experiment_tracker

    faces = load_faces(data["source"], data["people"], data["images"], data["seed"])
    split = split_faces(faces, settings["condition"], settings["test_share"], seed)
    pca = fit_pca(faces, split, model, params)
    fitted = train_model(faces, split, pca, model, params)
    portable = export_model(faces, fitted)
    metrics, predictions, by_condition, confused = evaluate_model(faces, split, fitted)
    pictures = draw_pictures(faces, split, pca, predictions)
    version = register_model.with_options(experiment_tracker=tracker.name if tracker else None)(
        faces, split, pca, fitted, portable, metrics, predictions, by_condition, confused, pictures,
        settings,
    )  # fmt: skip
    promote_model(version, metrics, gate["tolerances"], gate["minimum_images"])


def summarize(run: PipelineRunResponse) -> dict[str, Any]:
    """What a person and a script want to know of a finished run."""
    output = {name: made[0] for step in run.steps.values() for name, made in step.outputs.items()}
    data, parts = output["faces"].run_metadata, output["split"].run_metadata
    kept = ("condition", "train", "test", "drifted", "left_out")
    decision, metrics = output["decision"].load(), output["metrics"].load()
    return {
        "data": {name: data[name] for name in ("source", "version", "subjects")}
        | {name: parts[name] for name in kept},
        "metrics": {"baseline_accuracy": None, "drifted_accuracy": None} | metrics,
        "model": decision,
        "run": {"name": run.name, "status": run.status.value, "id": str(run.id)},
    }
