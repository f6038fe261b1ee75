"""Record a trained model: its run in the experiment tracker, and a version in the registries."""

from typing import Annotated, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from zenml import get_step_context, log_metadata, step
from zenml.artifacts.unmaterialized_artifact import UnmaterializedArtifact

from components.tracking.base import TrainingRecord, active_tracker
from faces.data.dataset import CREDITS, Faces
from faces.runtime.portable import PortableModel, file_hash, stamped, write_portable
from store.caching import CACHED
from store.materializers import Page, Pictures
from store.production import REGISTRY_VERSION
from store.versions import create_version


@step(cache_policy=CACHED)
def register_model(
    faces: Faces,
    split: UnmaterializedArtifact,
    pca: UnmaterializedArtifact,
    model: BaseEstimator,
    portable: PortableModel,
    metrics: dict[str, float],
    predictions: UnmaterializedArtifact,
    by_condition: pd.DataFrame,
    confused: pd.DataFrame,
    pictures: Pictures,
    card: Page,
    settings: dict[str, Any],
) -> Annotated[int, "version"]:
    """Record the training and return the new version's number. It is not in production yet."""
    description = f"trained on {CREDITS[faces.source]}, data version {faces.version}"
    record = TrainingRecord(
        params=_flat(settings),
        tags={"data_source": faces.source, "data_version": faces.version},
        metrics={name: float(value) for name, value in metrics.items()},
        files={
            **{f"pictures/{name}.png": png for name, png in pictures.items()},
            "tables/accuracy_by_condition.csv": by_condition.to_csv(index=False),
            "tables/confusions.csv": confused.to_csv(index=False),
            "card.html": card["page.html"],
        },
        model=model,
        example=np.asarray(faces.pixels[:2]),
        description=description,
    )
    run = active_tracker().log_training(record)
    registry = {REGISTRY_VERSION: run.registry_version} if run.registry_version else {}
    parts = [used[0] for used in get_step_context().step_run.inputs.values()]
    version = create_version(
        artifacts=parts,
        metadata={
            "data_source": faces.source,
            "data_version": faces.version,
            "tracker_run_id": run.run_id,
            **registry,
            "metrics": metrics,
            "settings": settings,
        },
        tags=[f"data:{faces.source}"],
        description=description,
    )
    data = write_portable(stamped(portable, version.number))
    log_metadata(metadata={"portable_hash": file_hash(data)}, model_version_id=version.id)
    return version.number


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested settings into a tracker's parameters: {'split.condition': …}."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        key = f"{prefix}{name}"
        flat |= _flat(value, f"{key}.") if isinstance(value, dict) else {key: value}
    return flat
