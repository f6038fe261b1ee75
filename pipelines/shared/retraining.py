"""Retrain the live version; if the gate rejects a version because of people, try fewer labels."""

from functools import partial

from pipelines.shared.artifact import Artifact
from pipelines.shared.settings import GateSettings
from pipelines.shared.train_and_gate import train_and_gate
from pipelines.shared.training_settings import TrainingSettings
from steps.data.withhold_labels import withhold_labels
from store.versions import require_version

MAX_CANDIDATES = 3
"""Versions that one retraining trains, if the gate rejects one after the other."""


def retrain(
    faces: Artifact, split: Artifact, live: Artifact, gate: GateSettings, hold: bool
) -> tuple[Artifact, Artifact]:
    """Wire the steps from fitting the features to the promotion gate, for up to three candidates.

    If the gate rejects a candidate because of single people, the next one is trained without the
    new labels that can have caused it.

    Args:
        faces: The live version's data with new labelled faces.
        split: Its split.
        live: Number of the live version. Its training settings are used again.
        gate: When a candidate is promoted.
        hold: Whether a person has to approve a candidate before it is promoted.

    Returns:
        The artifacts of the last candidate's number and of its promotion.
    """
    training = training_settings(live.load())
    train = partial(
        train_and_gate,
        model=training.model,
        params=training.params,
        detector=training.drift_detector,
        quantization=training.quantization,
        gate=gate,
        settings=training.model_dump(mode="json"),
        hold=hold,
    )
    version, promotion = train(faces, split)
    for _ in range(MAX_CANDIDATES - 1):
        if not promotion.load().people:
            break
        faces, split, withheld = withhold_labels(faces, split, live, promotion)
        if not withheld.load():
            break
        version, promotion = train(faces, split)
    return version, promotion


def training_settings(version: int) -> TrainingSettings:
    """Return the settings that a version was trained with.

    Args:
        version: Its number.
    """
    return TrainingSettings.model_validate(require_version(version).run_metadata["settings"])
