"""Record a trained model: its run in MLflow, a version in MLflow's registry and in ZenML's."""

import tempfile
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from zenml import get_step_context, log_metadata, step
from zenml.artifacts.unmaterialized_artifact import UnmaterializedArtifact

import faces as faces_package
from faces import NAME
from faces.data.dataset import CREDITS, Faces
from faces.runtime.portable import PortableModel, file_hash, write_portable
from store.caching import CACHED
from store.materializers import Page, Pictures
from store.versions import create_version

NEEDED_TO_LOAD = ("scikit-learn", "numpy", "scipy", "skops")

OWN_CODE = Path(faces_package.__file__).parent


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
    """Write everything down and give the version's number. Nothing is in production by this."""
    import mlflow

    mlflow.log_params(_flat(settings))
    mlflow.set_tags({"data_source": faces.source, "data_version": faces.version})
    with tempfile.TemporaryDirectory() as folder:
        for name, png in pictures.items():
            (Path(folder) / f"{name}.png").write_bytes(png)
        mlflow.log_artifacts(folder, "pictures")
    mlflow.log_text(by_condition.to_csv(index=False), "tables/accuracy_by_condition.csv")
    mlflow.log_text(confused.to_csv(index=False), "tables/confusions.csv")
    mlflow.log_text(card["page.html"], "card.html")
    logged = _log_model(model, faces)
    # Logged before the model, MLflow would ask its server for the history of each.
    figures = {name: float(value) for name, value in metrics.items()}
    mlflow.log_metrics(figures, model_id=logged.model_id)

    description = f"trained on {CREDITS[faces.source]}, data version {faces.version}"
    registered = _register(
        logged,
        description,
        zenml_pipeline_name=get_step_context().pipeline.name,
        zenml_run_name=get_step_context().pipeline_run.name,
        data_source=faces.source,
        data_version=faces.version,
    )
    parts = [used[0] for used in get_step_context().step_run.inputs.values()]
    version = create_version(
        artifacts=parts,
        metadata={
            "data_source": faces.source,
            "data_version": faces.version,
            "mlflow_run_id": logged.run_id,
            "mlflow_version": registered,
            "metrics": metrics,
            "settings": settings,
        },
        tags=[f"data:{faces.source}"],
        description=description,
    )
    portable_hash = file_hash(write_portable(portable))
    log_metadata(metadata={"portable_hash": portable_hash}, model_version_id=version.id)
    return version.number


def _log_model(model: BaseEstimator, faces: Faces) -> Any:
    """The whole model, from pixels to probabilities, without pickle; with `faces` if needed."""
    import mlflow.sklearn
    from mlflow.models import infer_signature
    from skops.io import dumps, get_untrusted_types

    pixels = np.asarray(faces.pixels[:2])
    data = dumps(model)
    trusted = get_untrusted_types(data=data)
    own = any(name.startswith("faces.") for name in trusted)
    return mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(pixels, model.predict_proba(pixels)),
        pip_requirements=[f"{name}=={installed(name)}" for name in NEEDED_TO_LOAD],
        serialization_format="skops",
        skops_trusted_types=trusted,
        code_paths=[str(OWN_CODE)] if own else None,
        pyfunc_predict_fn="predict_proba",
    )


def _register(logged: Any, description: str, **tags: str) -> str:
    """The model's version in MLflow's registry.

    Asked of MLflow itself: ZenML's own call does not say which logged model it is, and an MLflow
    server takes none without.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient()
    try:
        client.create_registered_model(NAME)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    version = client.create_model_version(
        NAME,
        logged.model_uri,
        run_id=logged.run_id,
        model_id=logged.model_id,
        description=description,
        tags=tags,
    )
    return str(version.version)


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as MLflow's flat parameters: {'split.condition': …}."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        key = f"{prefix}{name}"
        flat |= _flat(value, f"{key}.") if isinstance(value, dict) else {key: value}
    return flat
