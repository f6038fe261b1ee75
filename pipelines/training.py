"""Train a recogniser on some conditions, and promote it if it passes the gate."""

import os

from zenml import pipeline
from zenml.constants import ENV_ZENML_DYNAMIC_PIPELINE_WORKER_COUNT
from zenml.pipelines.pipeline_definition import Pipeline

from pipelines.shared.train_and_gate import train_and_gate
from pipelines.shared.training_settings import TrainingSettings
from pipelines.shared.training_summary import summarize
from steps.data.load_faces import load_faces
from steps.data.split_faces import split_faces

__all__ = ["SETTINGS", "choose_pipeline", "summarize", "training"]

SETTINGS = TrainingSettings


def choose_pipeline(settings: TrainingSettings) -> Pipeline:
    """Return the pipeline for one machine, or the one that is mapped over shards.

    Args:
        settings: The settings of the run.
    """
    if not settings.shards:
        return training
    from pipelines.shared.sharded_training import sharded_training

    # More shards at a time than processors would only cost memory.
    os.environ.setdefault(ENV_ZENML_DYNAMIC_PIPELINE_WORKER_COUNT, str(max(2, os.cpu_count() or 2)))
    return sharded_training


@pipeline(name="training")
def training(settings: TrainingSettings) -> None:
    """Train a recogniser on some conditions and evaluate it on all.

    1. Load the faces.
    2. Split them by condition: training, baseline test, drifted.
    3. Fit the features (PCA, for most recognisers), then the classifier.
    4. Fit the rejection threshold and the drift detector; export the portable model.
    5. Evaluate on the baseline test and on the drifted images; plot, and write the model card.
    6. Record the model with the tracker, and as a version in ZenML.
    7. Promote it, if it passes the gate.

    Args:
        settings: Data, split, recogniser with its parameters, drift detector and gate.
    """
    data = settings.data
    faces = load_faces(data.source, data.people, data.images, data.seed, data.crop, data.enrolled)
    split = split_faces(faces, settings.condition, settings.test_share, settings.seed)
    train_and_gate(
        faces,
        split,
        model=settings.model,
        params=settings.params,
        detector=settings.drift_detector,
        quantization=settings.quantization,
        gate=settings.gate,
        removed=settings.removed,
        settings=settings.model_dump(mode="json"),
    )
