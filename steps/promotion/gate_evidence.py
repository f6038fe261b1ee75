"""What the promotion gate knows about two versions, from their artifacts."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from zenml.models import ModelVersionResponse

from faces.data.dataset import Faces
from faces.data.sources import is_synthetic
from faces.data.split import Split
from faces.evaluation.accuracy_rules import (
    CROSS_VALIDATED,
    Recognition,
    needs_cross_validation,
)
from faces.evaluation.comparison import Comparison, compare_predictions
from faces.evaluation.cross_validation import Recipe, cross_validate
from faces.evaluation.metrics import BASELINE, DRIFTED
from faces.evaluation.person_evidence import collect_evidence
from faces.evaluation.person_tests import PersonEvidence
from faces.evaluation.promotion_gate import VersionFacts
from faces.models import ModelParams
from faces.runtime.portable import PortableModel
from store.erasure.register import erased_people
from store.production import ROLLED_BACK
from store.versions import has_remote_artifacts, load_artifact

REFERENCE = "fisher"
REFERENCE_PARAMS: ModelParams = {"mirror": False, "shift": 0}
"""The most accurate recogniser, without the copies of images that make its training slow."""


def describe_version(version: ModelVersionResponse) -> VersionFacts:
    """Return what the gate needs to know about a version.

    Args:
        version: The version.
    """
    rolled_back = version.run_metadata.get(ROLLED_BACK)
    return VersionFacts(
        number=version.number,
        is_synthetic=is_synthetic(str(version.run_metadata.get("data_source"))),
        rolled_back=None if rolled_back is None else str(rolled_back),
        has_remote_artifacts=has_remote_artifacts(version),
        identities=lambda: _identities(version),
    )


def measure_recognition(
    candidate: ModelVersionResponse, predictions: pd.DataFrame, minimum_images: int
) -> Recognition:
    """Measure a candidate on the baseline test or, if that is too small, by cross-validation.

    Args:
        candidate: The candidate.
        predictions: Its predictions for held-out images.
        minimum_images: With fewer images in the baseline test, all enrolled images are predicted.

    Returns:
        How many images it recognises, and the accuracy of the reference recogniser on the same.
    """
    test = predictions[predictions["part"] == BASELINE]
    rows = test["row"].to_numpy(dtype=np.int64)
    labels, answers = test["label"].to_numpy(dtype=str), test["predicted"].to_numpy(dtype=str)

    def reference_answers() -> NDArray[np.str_]:
        reference = Recipe(REFERENCE, REFERENCE_PARAMS, enrolled_faces(candidate))
        if len(test) >= minimum_images:
            return reference.predict(load_artifact(candidate, "faces")[rows])
        return cross_validate(reference.faces, [reference])[1][0]

    if len(test) < minimum_images:
        labels, (answers,) = cross_validate(enrolled_faces(candidate), [recipe_of(candidate)])
    data = candidate.run_metadata["data"]
    assert isinstance(data, dict)
    return Recognition(
        images=len(labels),
        correct=int((labels == answers).sum()),
        people=data["people"],
        reference=lambda: float((reference_answers() == labels).mean()),
    )


def compare_versions(
    candidate: ModelVersionResponse, production: ModelVersionResponse, predictions: pd.DataFrame
) -> dict[str, Comparison]:
    """Compare two versions on held-out images that neither was trained on.

    Args:
        candidate: The candidate.
        production: The version in production.
        predictions: The candidate's predictions for its held-out images.

    Returns:
        The comparison by part; if there are few such images, also by cross-validation.
    """
    model: PortableModel = load_artifact(production, "portable")
    fresh = predictions[~predictions["id"].isin(learned_ids(production))]
    faces = load_artifact(candidate, "faces")
    comparisons = {}
    for part in (BASELINE, DRIFTED):
        rows = fresh[fresh["part"] == part]
        predicted = np.array([], dtype=str)
        if len(rows):
            predicted = model.predict(faces[rows["row"].to_numpy()].pixels).astype(str)
        comparisons[part] = compare_predictions(
            rows["label"].to_numpy(dtype=str), rows["predicted"].to_numpy(dtype=str), predicted
        )
    if needs_cross_validation(comparisons):
        recipes = [recipe_of(candidate), recipe_of(production)]
        labels, answers = cross_validate(enrolled_faces(candidate), recipes)
        comparisons[CROSS_VALIDATED] = compare_predictions(labels, *answers)
    return comparisons


def compare_people(
    candidate: ModelVersionResponse, production: ModelVersionResponse | None
) -> PersonEvidence:
    """Compare two versions by person, with the answers that an endpoint would give.

    Args:
        candidate: The candidate.
        production: The version in production.

    Returns:
        What the tests of single people compare.

    Raises:
        LookupError: If there is no version in production, or an artifact is missing.
    """
    if production is None:
        raise LookupError("there is no version in production")
    return collect_evidence(
        load_artifact(candidate, "portable"),
        load_artifact(production, "portable"),
        load_artifact(candidate, "faces"),
        load_artifact(candidate, "split"),
        learned_ids(production),
    )


def recipe_of(version: ModelVersionResponse) -> Recipe:
    """Return how a version is trained.

    Args:
        version: The version.
    """
    settings = version.run_metadata["settings"]
    assert isinstance(settings, dict)
    faces, split = load_artifact(version, "faces"), load_artifact(version, "split")
    rows = np.concatenate([split.train, split.test])
    return Recipe(str(settings["model"]), settings["params"], faces[rows])


def enrolled_faces(version: ModelVersionResponse) -> Faces:
    """Return a version's images of the conditions that it was trained on, without feedback.

    Args:
        version: The version.
    """
    faces: Faces = load_artifact(version, "faces")
    split: Split = load_artifact(version, "split")
    rows = np.concatenate([split.train, split.test])
    return faces[rows[faces.origins[rows] == ""]]


def _identities(version: ModelVersionResponse) -> frozenset[str]:
    """Return the people whom a version knows, without those who asked to be forgotten."""
    known = frozenset(map(str, load_artifact(version, "portable").classes))
    return known - erased_people(known)


def learned_ids(version: ModelVersionResponse) -> NDArray[np.str_]:
    """Return the ids of the images that a version was trained on.

    Args:
        version: The version.
    """
    faces: Faces = load_artifact(version, "faces")
    ids: NDArray[np.str_] = faces[load_artifact(version, "split").train].ids
    return ids
