"""Remove identity effects: centre each face's features on that person's training mean.

A different mix of people is then not drift; only a change in how faces are captured is.
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
Means = Mapping[str, Rows]
CLIP = 4.0
"""Robust standard deviations at which features are clipped."""

MAX_PER_PERSON = 20
"""Images of each person in a reference."""

RIDGE = 0.1
"""Added to variances in whitening, in units of squared robust standard deviations."""


def mean_per_identity(rows: Rows, labels: NDArray[np.str_]) -> dict[str, Rows]:
    """Compute the mean row of each label.

    Args:
        rows: Features (n, d).
        labels: Identity of each row, (n,).

    Returns:
        Mean (d,) by label.
    """
    groups = _group(labels)
    sums = np.add.reduceat(rows[groups.order], groups.starts)
    return dict(zip(groups.labels.tolist(), sums / groups.counts[:, None], strict=True))


def centre_by_identity(rows: Rows, predicted: NDArray[np.str_], means: Means) -> Rows:
    """Subtract from each row the mean of the identity that was recognised.

    Args:
        rows: Features (n, d).
        predicted: Recognised identities, (n,). Identities without a mean, such as "unknown", are
            centred on the mean of all means.
        means: Mean row (d,) of each identity.

    Returns:
        The centred rows, (n, d).
    """
    overall = np.mean(list(means.values()), axis=0)
    centres = [means.get(str(identity), overall) for identity in predicted]
    return np.asarray(rows - np.array(centres).reshape(rows.shape))


def centre_leave_one_out(rows: Rows, labels: NDArray[np.str_]) -> tuple[Rows, NDArray[np.integer]]:
    """Subtract from each row the mean of the *other* rows with its label, and adjust its variance.

    Including a row in its own mean would make the reference look less variable than new faces. The
    mean of the k - 1 other rows, in turn, varies more than the mean of all k, which new faces are
    centred on: the difference has a variance of k / (k - 1) instead of (k + 1) / k. Rows are
    scaled by the square root of the ratio, (k² - 1) / k².

    Args:
        rows: Features (n, d).
        labels: The label of each row, (n,). Labels with a single row are left out.

    Returns:
        The centred rows (m, d), grouped by label, and the number of the row that each is from.
    """
    groups = _group(labels)
    counts = np.repeat(groups.counts, groups.counts)
    ordered = rows[groups.order]
    means = np.add.reduceat(ordered, groups.starts) / groups.counts[:, None]
    deviations = ordered - np.repeat(means, groups.counts, axis=0)
    several = counts > 1
    factor = np.sqrt((counts[several] + 1) / (counts[several] - 1))
    return deviations[several] * factor[:, None], groups.order[several]


def mad_scale(rows: Rows) -> Rows:
    """Compute a robust standard deviation of each column: 1.4826 × its median absolute deviation.

    The factor makes it estimate the standard deviation of a normal distribution (Hampel 1974).

    Args:
        rows: Features (n, d).

    Returns:
        Scales (d,), all positive.
    """
    deviations = np.abs(rows - np.median(rows, axis=0))
    return np.asarray(1.4826 * np.median(deviations, axis=0) + 1e-12)


def winsorize(rows: Rows, scale: Rows) -> Rows:
    """Scale each column and clip it to ±`CLIP`, so that outliers have bounded influence.

    Args:
        rows: Features (n, d).
        scale: Robust standard deviation of each column, (d,), as `mad_scale` returns it.

    Returns:
        Rows (n, d) in [-`CLIP`, `CLIP`].
    """
    return np.clip(rows / scale, -CLIP, CLIP)


def fit_whitening(rows: Rows, labels: NDArray[np.str_]) -> Rows:
    """Fit the matrix that makes the differences between images of a person uncorrelated.

    Args:
        rows: Features (n, d).
        labels: The label of each row, (n,).

    Returns:
        A matrix (d, d) to multiply features by. All directions then have a variance of nearly 1;
        those with hardly any variance stay below it, because of `RIDGE`.
    """
    differences, _ = centre_leave_one_out(rows, labels)
    scale = mad_scale(differences)
    scaled = winsorize(differences, scale)
    variances, axes = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    return np.asarray(axes / np.sqrt(variances + RIDGE) / scale[:, None])


def design_effect(predicted: NDArray[np.str_], counts: Mapping[str, int], power: int = 1) -> float:
    """Return how much the mean of a window varies more because people come several times.

    The mean of a person's k images differs from that of all images of this person, so that several
    faces of one person deviate together, with a correlation of 1 / (k + 1). The variance of their
    mean is that of independent faces times the design effect (Kish, "Survey sampling", 1965).

    Args:
        predicted: Recognised identities, (n,), n > 0.
        counts: Number of images that the mean of each identity is of.
        power: Power of the correlation: 2 for the squares of normally distributed values.

    Returns:
        1 if nobody comes twice, otherwise more. Unknown faces are independent.
    """
    faces = Counter(name for name in predicted.tolist() if name in counts)
    together = sum(n * (n - 1) / (counts[name] + 1) ** power for name, n in faces.items())
    return float(1 + together / len(predicted))


def last_per_person(labels: NDArray[np.str_]) -> NDArray[np.integer]:
    """Return the rows of the last `MAX_PER_PERSON` images of each person, in order.

    Args:
        labels: The label of each image, (n,).
    """
    order = np.argsort(labels, kind="stable")
    _, counts = np.unique(labels, return_counts=True)
    first = np.cumsum(counts) - counts
    position = np.arange(len(order)) - np.repeat(first, counts)
    return np.sort(order[np.repeat(counts, counts) - position <= MAX_PER_PERSON])


class _Groups(NamedTuple):
    """Rows by label: their order, the labels, where each begins in that order, and its size."""

    order: NDArray[np.integer]
    labels: NDArray[np.str_]
    starts: NDArray[np.integer]
    counts: NDArray[np.integer]


def _group(labels: NDArray[np.str_]) -> _Groups:
    order = np.argsort(labels, kind="stable")
    return _Groups(order, *np.unique(labels[order], return_index=True, return_counts=True))
