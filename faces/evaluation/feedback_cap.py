"""How many labels of one person may be learned from feedback."""

import math

import numpy as np
from numpy.typing import NDArray

from faces.data.dataset import Faces

MIN_LABELS_PER_PERSON = 4
"""The cap on a person's share of a window never falls below this number of labels."""


def labels_over_cap(
    labels: NDArray[np.str_],
    similarities: NDArray[np.float64],
    trained: Faces,
    maximum_share: float,
) -> NDArray[np.bool_]:
    """Find plausible labels that exceed what may be learned; the most similar faces are learned.

    Args:
        labels: The plausible labels of a window (n,).
        similarities: How similar each face is to the person's enrolled images (n,).
        trained: The training images of the live version.
        maximum_share: Largest share of the labels that name one person.

    Returns:
        Whether each label is over the cap (n,).
    """
    share = max(MIN_LABELS_PER_PERSON, math.ceil(maximum_share * len(labels)))
    over = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        own = trained.origins[trained.labels == label]
        room = int((own == "").sum()) - int((own != "").sum())
        rows = np.flatnonzero(labels == label)
        ranked = rows[np.argsort(-similarities[rows], kind="stable")]
        over[ranked[max(0, min(share, room)) :]] = True
    return over
