"""Record a trained model with the tracker, and create its version in ZenML."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import JsonValue
from zenml import get_step_context, step
from zenml.artifacts.unmaterialized_artifact import UnmaterializedArtifact

from components.tracking.base import TrainingData, TrainingRecord, active_tracker
from faces.data.dataset import Faces
from faces.data.sources import credit
from faces.runtime.portable import PortableModel, file_hash, write_portable
from store.caching import cache_on_imports
from store.materializers.documents import Page, Plots
from store.production import REGISTRY_VERSION
from store.provenance import PROVENANCE, provenance
from store.versions import create_version

Scalar = bool | int | float | str
PARTS = ("train", "test", "drifted")


@step(cache_policy=cache_on_imports(__name__))
def register_model(
    faces: Faces,
    split: UnmaterializedArtifact,
    features: UnmaterializedArtifact,
    model: UnmaterializedArtifact,
    portable: PortableModel,
    drift_detector: UnmaterializedArtifact,
    metrics: dict[str, float],
    predictions: UnmaterializedArtifact,
    by_condition: pd.DataFrame,
    confused: pd.DataFrame,
    plots: Plots,
    model_card: Page,
    settings: dict[str, JsonValue],
) -> Annotated[int, "version"]:
    """Record the model with the tracker, and create its version in ZenML.

    Every input of this step is linked to the version. Registering promotes nothing.

    Args:
        faces: The data that the model was trained on.
        split: Its split.
        features: The fitted feature steps.
        model: The fitted recogniser, from pixels to probabilities.
        portable: The exported model, whose hash is recorded for deployments.
        drift_detector: The detector that later tests this version's traffic.
        metrics: Metrics of the evaluation.
        predictions: Predictions for the held-out images.
        by_condition: Accuracy by condition.
        confused: The confused pairs.
        plots: Plots of the results.
        model_card: The model card.
        settings: The settings of the training run, which become parameters of the tracker's run.

    Returns:
        The number of the new version.

    Raises:
        UserError: If the stack has no experiment tracker of this project.
    """
    description = f"trained on {credit(faces.source)}, data version {faces.version}"
    context = get_step_context()
    people, condition = len(portable.classes), str(split.run_metadata["condition"])
    counts = {part: _count(split, part) for part in PARTS}
    run = active_tracker().log_training(
        TrainingRecord(
            name=f"{context.pipeline.name} {settings['model']} {condition}",
            data=TrainingData(
                source=faces.source,
                version=faces.version,
                credit=credit(faces.source),
                counts={"people": people, **counts},
            ),
            params=flatten(settings | {"condition": condition}),
            tags={
                "data_source": faces.source,
                "data_version": faces.version,
                "zenml_pipeline_name": context.pipeline.name,
                "zenml_run_name": context.pipeline_run.name,
            },
            metrics={name: float(value) for name, value in metrics.items()},
            files=_files(plots, by_condition, confused, model_card),
            model=portable,
            example=np.asarray(faces[np.arange(2)].pixels),
            description=description,
        )
    )
    registry = {} if run.registry_version is None else {REGISTRY_VERSION: run.registry_version}
    version = create_version(
        artifacts=[used[0] for used in context.step_run.inputs.values()],
        metadata={
            "data_source": faces.source,
            "data_version": faces.version,
            "data": {"people": people, "condition": condition, **counts},
            "tracker_run_id": run.run_id,
            "portable_hash": file_hash(write_portable(portable)),
            "metrics": metrics,
            "settings": settings,
            PROVENANCE: provenance(),
            **registry,
        },
        tags=[f"data:{faces.source}"],
        description=description,
    )
    return version.number


def flatten(settings: Mapping[str, JsonValue], prefix: str = "") -> dict[str, Scalar]:
    """Flatten nested settings for the tracker: {"gate": {"minimum": 1}} to {"gate.minimum": 1}.

    Args:
        settings: Settings by name, nested as in a file of `configs`.
        prefix: What the flat names begin with.

    Returns:
        Values by flat name; lists and None as text.
    """
    flat: dict[str, Scalar] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value if isinstance(value, Scalar) else str(value)
    return flat


def _count(split: UnmaterializedArtifact, part: str) -> int:
    images = split.run_metadata[part]
    assert isinstance(images, int)
    return images


def _files(
    plots: Plots, by_condition: pd.DataFrame, confused: pd.DataFrame, model_card: Page
) -> dict[str, bytes | str]:
    files: dict[str, bytes | str] = {f"plots/{name}.png": png for name, png in plots.items()}
    files["tables/accuracy_by_condition.csv"] = by_condition.to_csv(index=False)
    files["tables/confusions.csv"] = confused.to_csv(index=False)
    files["model_card.html"] = model_card["page.html"]
    return files
