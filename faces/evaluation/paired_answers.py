"""The answers of two versions to the same faces, and which of them is right."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.evaluation.e_process import Outcomes
from faces.runtime.portable import UNKNOWN

MINIMUM_SIMILARITY = 0.5
"""Smallest similarity of a face to the enrolled images of a person who may be in it."""

CLEAR = 0.1
"""Smallest difference of two similarities that decides which of two answers is right."""

Labels = NDArray[np.str_]
Similarities = Callable[[NDArray[np.intp], Labels], NDArray[np.float64]]
"""Returns the similarity of faces (row numbers) to people (names); NaN for unknown names."""


@dataclass(frozen=True, eq=False)
class PairedAnswers:
    """Faces that two versions answered, in order of time.

    Attributes:
        outcomes: 1 if only the candidate is right, -1 if only the other version is, else 0, (n,).
        unjudged: Disagreements of which it is not known who is right, (n,).
        people: Who is in each face, as far as it is known, (n,).
        candidate_refused: Whether the candidate answers "unknown", (n,).
        refused_by_one: Whether exactly one version answers "unknown", (n,).
        by_candidate: Whether the candidate's answer was sent, (n,).
        times: When it was answered, in nanoseconds since 1970, (n,).
        known_people: Number of people whom the other version knows.
    """

    outcomes: Outcomes
    unjudged: NDArray[np.bool_]
    people: Labels
    candidate_refused: NDArray[np.bool_]
    refused_by_one: NDArray[np.bool_]
    by_candidate: NDArray[np.bool_]
    times: NDArray[np.int64]
    known_people: int


def judge(
    candidate: Labels, other: Labels, labels: Labels, similarities: Similarities
) -> tuple[Outcomes, NDArray[np.bool_]]:
    """Judge disagreements: by the label if it is plausible, else by the witness.

    The witness prefers the answer that the face resembles more; "unknown" counts as resembling the
    face if it resembles the other answer less than a person's own images do.

    Args:
        candidate: The candidate's answers (n,).
        other: The other version's answers (n,).
        labels: The labels from feedback, "" without any, (n,).
        similarities: The witness; it is asked about disagreements only.

    Returns:
        The outcome of each face, and which of them nothing decides.
    """
    outcomes = np.zeros(len(labels), dtype=np.int8)
    unjudged = np.zeros(len(labels), dtype=bool)
    rows = np.flatnonzero(candidate != other)
    if not len(rows):
        return outcomes, unjudged
    labelled = _similarity(similarities, rows, labels[rows]) >= MINIMUM_SIMILARITY
    by_label = rows[labelled]
    outcomes[by_label] = (candidate[by_label] == labels[by_label]).astype(np.int8) - (
        other[by_label] == labels[by_label]
    )
    rest = rows[~labelled]
    scores = [_similarity(similarities, rest, answers[rest]) for answers in (candidate, other)]
    difference = scores[0] - scores[1]
    clear = (np.abs(difference) >= CLEAR) & (np.maximum(*scores) >= MINIMUM_SIMILARITY)
    outcomes[rest[clear]] = np.sign(difference[clear]).astype(np.int8)
    unjudged[rest[~clear]] = True
    return outcomes, unjudged


def _similarity(
    similarities: Similarities, rows: NDArray[np.intp], names: Labels
) -> NDArray[np.float64]:
    """Return similarities; that of "unknown" is the smallest plausible one, of "" nothing."""
    known = ~np.isin(names, [UNKNOWN, ""])
    values = np.where(names == UNKNOWN, MINIMUM_SIMILARITY, -1.0)
    if known.any():
        values[known] = np.nan_to_num(similarities(rows[known], names[known]), nan=-1.0)
    return values
