"""Training: from faces to a model version, and into production if the gate lets it."""

from typing import Any

from zenml import pipeline
from zenml.models import PipelineRunResponse

from pipelines.train_and_gate import train_and_gate
from steps.data.load_faces import load_faces
from steps.data.split_faces import split_faces


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
    data, seed = settings["data"], settings["seed"]
    faces = load_faces(data["source"], data["people"], data["images"], data["seed"])
    split = split_faces(faces, settings["condition"], settings["test_share"], seed)
    train_and_gate(faces, split, settings, settings["gate"])


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
