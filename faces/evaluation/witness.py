"""A witness that was trained on enrolled images only: is a label plausible?"""

import numpy as np
from numpy.typing import NDArray

from faces.data.augmentation import augment, turn_images
from faces.data.dataset import Faces
from faces.groups import spread_evenly

COMPONENTS = 300
SHRINKAGE = 0.05
SHIFT = 2
"""Pixels by which copies of the enrolled images are shifted."""

TURNS = (0.25, 0.5)
"""Angles, in radians, by which copies of the enrolled images are turned to either side."""

MAX_IMAGES = 20_000
"""With more enrolled images, a witness is trained on some of them: see `choose_enrolled`."""

NEIGHBOURS = 5
NEIGHBOUR_COSINE = 0.5
"""A face is assessed together with at most this many similar faces of the same label."""

ANONYMOUS = ""
"""The sender of labels from an endpoint without tokens. It may stand for many people."""


def choose_enrolled(labels: NDArray[np.str_], asked: NDArray[np.str_]) -> NDArray[np.integer]:
    """Choose the enrolled images that a witness is trained on.

    Of more than `MAX_IMAGES`, they are those of the people whom it will be asked about, and of
    other people who are evenly spread. So its cost depends on the question, not on the training
    set. An enrolled person who is not among them resembles nobody.

    Args:
        labels: The label of each enrolled image, (n,).
        asked: Labels that faces have or may have; not all have to be enrolled.

    Returns:
        Row numbers, ascending; at least two of each person who is asked about and has two.
    """
    if len(labels) <= MAX_IMAGES:
        return np.arange(len(labels))
    people, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    chosen = np.isin(people, asked)
    others = max(0, MAX_IMAGES - int(counts[chosen].sum())) * len(people) // len(labels)
    chosen[spread_evenly(np.flatnonzero(~chosen), others)] = True
    order = np.argsort(codes, kind="stable")
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    each = max(2, MAX_IMAGES // int(chosen.sum()))
    return np.sort(order[chosen[codes[order]] & (rank < each)])


class Witness:
    """Compares faces with the enrolled people, independently of the model in production.

    It uses Fisher's discriminants of local binary patterns, as the recogniser `fisher` does. Copies
    of the enrolled images that are turned to the side are training images, too, so that it
    recognises turned heads.
    """

    def __init__(self, enrolled: Faces) -> None:
        """Train the witness.

        Args:
            enrolled: Images of the enrolled people, at least two of each, with their labels.
        """
        from sklearn.decomposition import PCA

        from faces.models.estimators.discriminants import CosineNearestMean, Discriminants
        from faces.models.estimators.local_patterns import LocalBinaryPatterns
        from faces.models.threads import reproducible_threads
        from faces.models.training import AUGMENT_MAX_ROWS

        images, labels = np.asarray(enrolled.images), enrolled.labels
        if len(images) <= AUGMENT_MAX_ROWS:
            images = np.concatenate([augment(images, mirror=True, shift=SHIFT), _turned(images)])
            labels = np.tile(labels, len(images) // len(enrolled))
        self.patterns = LocalBinaryPatterns().fit(images)
        rows = self.patterns.transform(images.reshape(len(images), -1))
        components = min(COMPONENTS, len(images) - 1, rows.shape[1])
        # More power iterations take seconds, and the discriminants are no better.
        pca = PCA(components, svd_solver="randomized", iterated_power=1, random_state=0)
        with reproducible_threads(len(images)):
            rows = pca.fit(rows).transform(rows)
            discriminants = Discriminants(SHRINKAGE).fit(rows, labels)
            self.classifier = CosineNearestMean().fit(discriminants.transform(rows), labels)
        self.projection = (pca.components_.T @ discriminants.weights_).astype(np.float32)
        self.offset = pca.mean_ @ self.projection

    def assess(
        self, images: NDArray[np.float32], labels: NDArray[np.str_], senders: NDArray[np.str_]
    ) -> NDArray[np.float64]:
        """Assess how plausible labels are.

        Args:
            images: Faces (n, 64, 64) in [0, 1].
            labels: Their labels (n,), each an enrolled person.
            senders: Who sent each label (n,).

        Returns:
            Similarity of each face to the enrolled images of the person that its label names, a
            cosine in [-1, 1], averaged as by `average_by_sender`; (n,).
        """
        directions = self.embed(images)
        means = self.classifier.means_[np.searchsorted(self.classifier.classes_, labels)]
        similarities = (directions * means).sum(axis=1)
        return average_by_sender(similarities, directions, labels, senders)

    def embed(self, images: NDArray[np.float32]) -> NDArray[np.floating]:
        """Return the directions of faces in the space of the discriminants.

        Args:
            images: Faces (n, 64, 64) in [0, 1].

        Returns:
            Unit vectors (n, d).
        """
        from sklearn.preprocessing import normalize

        rows = self.patterns.transform(images.reshape(len(images), -1))
        return np.asarray(normalize(rows @ self.projection - self.offset))


def average_by_sender(
    similarities: NDArray[np.floating],
    embeddings: NDArray[np.floating],
    labels: NDArray[np.str_],
    senders: NDArray[np.str_],
) -> NDArray[np.float64]:
    """Average each face's similarity with those of other faces that a sender labelled the same.

    The images of an impostor resemble each other, so one that happens to resemble the person does
    not pass alone. An unusual image of the right person passes with that person's other images.

    Args:
        similarities: Similarity of each face to the person that its label names, (n,).
        embeddings: Unit vectors of the faces (n, d).
        labels: Their labels (n,).
        senders: Who sent each label (n,).

    Returns:
        The averages over up to five similar faces, (n,). If the sender is known, the average over
        all of the sender's faces with that label instead, if it is smaller.
    """
    averages = np.empty(len(labels), dtype=np.float64)
    groups = np.unique(np.stack([senders, labels]), axis=1, return_inverse=True)[1].ravel()
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        averages[rows] = _average_over_similar(similarities[rows], embeddings[rows])
        if senders[rows[0]] != ANONYMOUS:
            averages[rows] = np.minimum(averages[rows], similarities[rows].mean())
    return averages


def _average_over_similar(
    similarities: NDArray[np.floating], embeddings: NDArray[np.floating]
) -> NDArray[np.float64]:
    averages = np.empty(len(similarities), dtype=np.float64)
    for row, embedding in enumerate(embeddings):
        cosines = embeddings @ embedding
        nearest = np.argsort(-cosines, kind="stable")[: NEIGHBOURS + 1]
        similar = nearest[(cosines[nearest] >= NEIGHBOUR_COSINE) | (nearest == row)]
        averages[row] = similarities[similar].mean()
    return averages


def _turned(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return copies that are turned to both sides, and their mirror images."""
    angles = [sign * angle for angle in TURNS for sign in (1, -1)]
    turned = np.concatenate([turn_images(images, angle) for angle in angles])
    return np.concatenate([turned, turned[:, :, ::-1]])
