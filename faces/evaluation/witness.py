"""A witness that was trained on enrolled images only: is a label plausible?"""

import numpy as np
from numpy.typing import NDArray

from faces.data.dataset import Faces

NEIGHBOURS = 5
NEIGHBOUR_COSINE = 0.5
"""A face is assessed together with at most this many similar faces that have the same label."""


class Witness:
    """Compares faces with the enrolled people, independently of the model in production.

    It uses Fisher's discriminants of local binary patterns, as the recogniser `fisher` does.
    """

    def __init__(self, enrolled: Faces) -> None:
        """Train the witness.

        Args:
            enrolled: Images of the enrolled people, at least two of each, with their labels.
        """
        from faces.models import build_model
        from faces.models.estimators.discriminants import CosineNearestMean, Discriminants
        from faces.models.training import augment_training_set, fit_features

        model = build_model("fisher")
        self.features = fit_features(model, enrolled.pixels, enrolled.labels)
        pixels, labels, _ = augment_training_set(model, enrolled.pixels, enrolled.labels)
        rows = self.features.transform(pixels)
        self.discriminants = Discriminants().fit(rows, labels)
        self.classifier = CosineNearestMean().fit(self.discriminants.transform(rows), labels)

    def assess(self, images: NDArray[np.float32], labels: NDArray[np.str_]) -> NDArray[np.float64]:
        """Assess how plausible labels are.

        Args:
            images: Faces (n, 64, 64) in [0, 1].
            labels: Their labels (n,), each an enrolled person.

        Returns:
            Similarity of each face to the enrolled images of the person that its label names, a
            cosine in [-1, 1], averaged as by `average_over_similar`; (n,).
        """
        directions = self.embed(images)
        means = self.classifier.means_[np.searchsorted(self.classifier.classes_, labels)]
        return average_over_similar((directions * means).sum(axis=1), directions, labels)

    def embed(self, images: NDArray[np.float32]) -> NDArray[np.floating]:
        """Return the directions of faces in the space of the discriminants.

        Args:
            images: Faces (n, 64, 64) in [0, 1].

        Returns:
            Unit vectors (n, d).
        """
        from sklearn.preprocessing import normalize

        rows = self.features.transform(images.reshape(len(images), -1))
        return np.asarray(normalize(self.discriminants.transform(rows)))


def average_over_similar(
    similarities: NDArray[np.floating],
    embeddings: NDArray[np.floating],
    labels: NDArray[np.str_],
) -> NDArray[np.float64]:
    """Average each face's similarity with those of up to five similar faces of the same label.

    The images of an impostor resemble each other, so one that happens to resemble the person does
    not pass alone. An unusual image of the right person passes with that person's other images.

    Args:
        similarities: Similarity of each face to the person that its label names, (n,).
        embeddings: Unit vectors of the faces (n, d).
        labels: Their labels (n,).

    Returns:
        The averages (n,).
    """
    averages = np.empty(len(labels), dtype=np.float64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        for row in rows:
            cosines = embeddings[rows] @ embeddings[row]
            nearest = np.argsort(-cosines, kind="stable")[: NEIGHBOURS + 1]
            similar = nearest[(cosines[nearest] >= NEIGHBOUR_COSINE) | (rows[nearest] == row)]
            averages[row] = similarities[rows[similar]].mean()
    return averages
