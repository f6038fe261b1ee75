"""Collect what the tests of single people compare: answers of two models, and checked labels."""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.evaluation.person_tests import Answers, Claims, PersonEvidence
from faces.models.protocol import Recogniser
from faces.runtime.portable import UNKNOWN, PortableModel

SYNTHETIC_PEOPLE = 100
SYNTHETIC_IMAGES = 2
SYNTHETIC_SEED = 20_261_125
"""No other module uses this seed, so nobody is enrolled with one of these faces."""

JUDGE = "fisher"
"""The most accurate recogniser judges labels from feedback."""

PLAUSIBLE = 2
"""A label is plausible if it is among this many most probable people."""


def collect_evidence(
    candidate: PortableModel,
    production: PortableModel,
    faces: Faces,
    split: Split,
    learned: NDArray[np.str_],
    fit_judge: Callable[[Faces], Recogniser] | None = None,
) -> PersonEvidence:
    """Collect the evidence about single people.

    Args:
        candidate: The candidate.
        production: The model in production.
        faces: The candidate's data.
        split: Its split.
        learned: Ids of the images that the model in production was trained on.
        fit_judge: Trains the judge of labels from feedback on enrolled images; None for
            `train_judge`. It is called only if the candidate has learned from feedback.

    Returns:
        The evidence; incomplete if no held-out image is left that neither model has learned.
    """
    held_out = np.concatenate([split.test, split.drifted])
    held_out = held_out[~np.isin(faces.ids[held_out], learned)]
    rejects = candidate.rejection_threshold is not None or (
        production.rejection_threshold is not None
    )
    return PersonEvidence(
        _answers(candidate, production, faces[held_out]),
        _answers_not_enrolled(candidate, production, faces) if rejects else None,
        _check_claims(faces, split, held_out, fit_judge or train_judge),
    )


def train_judge(enrolled: Faces) -> Recogniser:
    """Train the judge of labels from feedback.

    Args:
        enrolled: Training images that do not come from feedback.

    Returns:
        The most accurate recogniser, whichever model is in production.
    """
    from faces.models import build_model
    from faces.models.training import fit_classifier, fit_features

    judge = build_model(JUDGE)
    features = fit_features(judge, enrolled.pixels, enrolled.labels)
    fitted: Recogniser = fit_classifier(judge, features, enrolled.pixels, enrolled.labels)
    return fitted


def _check_claims(
    faces: Faces,
    split: Split,
    held_out: NDArray[np.integer],
    fit_judge: Callable[[Faces], Recogniser],
) -> Claims | None:
    """Check the labels from feedback; the judge's errors are measured on held-out images."""
    from_feedback = faces.origins[split.train] != ""
    if not from_feedback.any():
        return None
    judge, claims = fit_judge(faces[split.train[~from_feedback]]), faces[split.train[from_feedback]]
    errors = is_contradicted(judge, faces[held_out]).mean() if len(held_out) else 1.0
    return Claims(claims.labels, is_contradicted(judge, claims), float(errors))


def is_contradicted(judge: Recogniser, faces: Faces) -> NDArray[np.bool_]:
    """Return which labels a recogniser contradicts.

    Args:
        judge: The recogniser.
        faces: Images with labels.

    Returns:
        True where the label is not among the two most probable people, (n,).
    """
    probabilities = judge.predict_proba(faces.pixels)
    is_label = np.asarray(judge.classes_)[None, :] == faces.labels[:, None]
    of_label = np.where(is_label, probabilities, 0).sum(axis=1)
    contradicted: NDArray[np.bool_] = (probabilities > of_label[:, None]).sum(axis=1) >= PLAUSIBLE
    return contradicted


@cache
def synthetic_people() -> Faces:
    """Return synthetic faces of people who are enrolled nowhere; drawn once per process."""
    from faces.data.dataset import load_faces

    return load_faces(
        "synthetic", people=SYNTHETIC_PEOPLE, images=SYNTHETIC_IMAGES, seed=SYNTHETIC_SEED
    )


def _answers_not_enrolled(
    candidate: PortableModel, production: PortableModel, faces: Faces
) -> Answers:
    """Ask both models about synthetic people, and people in the data whom neither knows."""
    known = np.concatenate([candidate.classes, production.classes])
    left_out = faces[np.flatnonzero(~np.isin(faces.labels, known))]
    parts = [_answers(candidate, production, group) for group in (left_out, synthetic_people())]
    return Answers(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("people", "candidate", "production")
        )
    )


def _answers(candidate: PortableModel, production: PortableModel, faces: Faces) -> Answers:
    return Answers(
        faces.labels, _open_set_answers(candidate, faces), _open_set_answers(production, faces)
    )


def _open_set_answers(model: PortableModel, faces: Faces) -> NDArray[np.str_]:
    if not len(faces):
        return np.array([], dtype=np.str_)
    predictions = model.predict_open_set(faces.pixels)
    labels = model.classes[predictions.probabilities.argmax(axis=1)]
    answers: NDArray[np.str_] = np.where(predictions.accepted, labels, UNKNOWN)
    return answers
