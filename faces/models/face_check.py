"""Fit the check whether an image resembles a face: see `faces.runtime.face_check`."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from faces.data.dataset import Faces
from faces.groups import spread_evenly
from faces.runtime.face_check import COSINES, KEPT, FaceCheck, low_frequencies
from faces.runtime.portable import PortableModel

MIN_PEOPLE = 3
MAX_IMAGES = 5_000
"""Training images to which the check is fitted: more do not change it."""

ROUNDS = 3
REFUSED_SHARE = 0.01
"""Share of the faces of people who are left out that may be taken for something else."""

DEVIATIONS, NORMAL_SCALE = 3, 1.4826
"""Robust standard deviations; the scale makes the median absolute deviation comparable to one."""

MAX_THRESHOLD = 3 / np.sqrt(len(KEPT))
"""Scores of images without any resemblance have a standard deviation of 1 / sqrt(k) for k
coefficients, so only 0.1 % of them exceed this. A higher threshold would refuse changed faces."""

Pixels = NDArray[np.float32]


def with_face_check(
    model: PortableModel, faces: Faces, train: NDArray[np.integer]
) -> PortableModel:
    """Add the check to an exported model.

    Args:
        model: The model.
        faces: The data, which may be in shards.
        train: The rows of its training images, of which at most 5,000 are read.

    Returns:
        The model with the check; without one for fewer than three people.
    """
    chosen = faces[spread_evenly(train, MAX_IMAGES)]
    return replace(model, face_check=fit_face_check(chosen.pixels, chosen.labels))


def fit_face_check(pixels: Pixels, labels: NDArray[np.str_]) -> FaceCheck | None:
    """Fit the check on training images.

    Scores are those of images whose people are left out of the fit, a third of the people each
    time. 1 % of them do not reach the threshold, or fewer if these are outliers: it is at least the
    median less three robust standard deviations.

    Args:
        pixels: Training images (n, 4096) in [0, 1].
        labels: Their labels (n,).

    Returns:
        The check; None for fewer than three people.
    """
    people = np.unique(labels)
    if len(people) < MIN_PEOPLE:
        return None
    scores = []
    for group in range(ROUNDS):
        left_out = np.isin(labels, people[group::ROUNDS])
        scores.append(_fit(pixels[~left_out], threshold=0).score(pixels[left_out]))
    return _fit(pixels, _threshold(np.concatenate(scores)))


def _threshold(scores: NDArray[np.floating]) -> float:
    median = np.median(scores)
    outlier = median - DEVIATIONS * NORMAL_SCALE * np.median(np.abs(scores - median))
    return float(min(max(np.quantile(scores, REFUSED_SHARE), outlier), MAX_THRESHOLD))


def _fit(pixels: Pixels, threshold: float) -> FaceCheck:
    """Fit mean and whitening, with the covariance of Ledoit and Wolf 2004."""
    from sklearn.covariance import LedoitWolf

    rows = low_frequencies(pixels)[:, KEPT].astype(np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    # Coefficients are divided by their spread first, so that all are shrunk alike.
    spread += 1e-3 * spread.mean() + 1e-9
    precision = LedoitWolf(assume_centered=True).fit((rows - mean) / spread).precision_
    whitening = np.zeros((len(COSINES) ** 2, len(KEPT)))
    whitening[KEPT] = np.linalg.cholesky(precision) / spread[:, None]
    face = mean @ whitening[KEPT]
    template = whitening @ (face / max(np.linalg.norm(face), 1e-9))
    return FaceCheck(whitening.astype(np.float32), template.astype(np.float32), threshold)
