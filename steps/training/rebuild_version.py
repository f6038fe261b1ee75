"""Train a version again from what was recorded with it, and compare the results."""

import pickle
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from zenml import step
from zenml.models import ModelVersionResponse

from faces.data.conditions import baseline_condition
from faces.data.dataset import Faces
from faces.data.split import split_by_condition
from faces.errors import UserError
from faces.evaluation import open_set
from faces.evaluation.metrics import measure, predict_held_out
from faces.evaluation.reproduction import Stage, compare_metrics, compare_models, compare_splits
from faces.models import build_model
from faces.runtime.portable import PortableModel, quantize
from steps.data.split_faces import split_faces
from store.materializers import RECORD
from store.provenance import PROVENANCE, differences, provenance
from store.records import Reproduction
from store.run_metadata import describe_run
from store.versions import load_artifact, require_version

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@step(enable_cache=False, output_materializers={"reproduction": RECORD})
def rebuild_version(version: int) -> Annotated[Reproduction, "reproduction"]:
    """Train a version again from its data, split and settings, and compare every stage.

    Nothing is registered. The split of a version that learned from production, or from which
    people were removed, depends on what happened then, so it is used as it was recorded.

    Args:
        version: Number of the version.

    Returns:
        The stages in order, and how code, packages and machine differ from those that were
        recorded.

    Raises:
        UserError: If the version was deleted, or was trained on shards.
        LookupError: If artifacts of it were deleted.
    """
    result = compare_with_recorded(version)
    describe_run("reproduction", {"version": version, "first difference": result.first_difference})
    return result


def compare_with_recorded(version: int) -> Reproduction:
    """Do what `rebuild_version` does, outside of a run.

    Args:
        version: Number of the version.

    Returns:
        The stages in order, and how code, packages and machine differ from those that were
        recorded.

    Raises:
        UserError: If the version was deleted, or was trained on shards.
        LookupError: If artifacts of it were deleted.
    """
    found = require_version(version)
    settings: Any = found.run_metadata["settings"]
    if settings.get("shards"):
        raise UserError(
            f"version {version} was trained on shards, and one machine computes other bits: "
            f"train again with --shards {settings['shards']}, and compare the metrics"
        )
    recorded: Any = found.run_metadata.get(PROVENANCE, {})
    return Reproduction(
        version=version,
        stages=tuple(_stages(found)),
        environment=differences(recorded, provenance()),
    )


def _stages(version: ModelVersionResponse) -> Iterator[Stage]:
    recorded: dict[str, Any] = dict(version.run_metadata)
    settings = recorded["settings"]
    faces, split, portable = (load_artifact(version, n) for n in ("faces", "split", "portable"))
    changed = faces.version != recorded["data_version"]
    yield Stage("data", f"the stored data is version {faces.version}" if changed else "")
    if _producer(version, "split") == split_faces.name:
        condition = baseline_condition(settings["condition"], faces.conditions)
        repeated = split_by_condition(faces, condition, settings["test_share"], settings["seed"])
        yield compare_splits(split, repeated)
    exported = _train(faces[split.train], settings, portable.metadata)
    exported = quantize(exported, portable.quantization)
    yield from compare_models(portable, exported)
    metrics = measure(predict_held_out(exported, faces, split))
    yield compare_metrics({name: recorded["metrics"].get(name) for name in metrics}, metrics)


def _train(train: Faces, settings: Mapping[str, Any], metadata: Mapping[str, str]) -> PortableModel:
    """Do what the steps of a training do, from the features to the exported model."""
    from faces.models import export, training
    from faces.models.face_check import with_face_check

    def build() -> "Pipeline":
        return build_model(settings["model"], **settings["params"])

    pixels, labels = train.pixels, train.labels
    features = _as_loaded(training.fit_features(build(), pixels, labels))
    model = _as_loaded(training.fit_classifier(build(), features, pixels, labels))
    seed = int(settings["params"].get("seed", 0))
    calibration = open_set.fit_rejection_threshold(build(), pixels, labels, seed=seed)
    threshold = calibration.rejection_threshold if calibration else None
    exported = export.export_model(model, metadata, threshold)
    return with_face_check(exported, train, np.arange(len(train)))


def _as_loaded(estimator: Any) -> Any:
    """Return the estimator as the next step of a training loads it.

    Its arrays may have another order in memory then, which changes the last bits of sums.
    """
    return pickle.loads(pickle.dumps(estimator))


def _producer(version: ModelVersionResponse, artifact: str) -> str | None:
    """Return the name of the step that made an artifact of a version."""
    found = version.get_artifact(artifact)
    return found.step.name if found is not None else None
