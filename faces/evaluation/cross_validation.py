"""Compare recognisers by cross-validation, where too few images are held out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.data.dataset import Faces
from faces.data.split import MIN_TRAINING_IMAGES
from faces.groups import group_rows
from faces.models import ModelParams, build_model

FOLDS = 3
SEED = 0


@dataclass(frozen=True, eq=False)
class Recipe:
    """How a version is trained.

    Attributes:
        model: Name of the recogniser.
        params: Its parameters.
        faces: Its training images, and held-out images of the same conditions.
    """

    model: str
    params: ModelParams
    faces: Faces

    def predict(self, held_out: Faces) -> NDArray[np.str_]:
        """Train on all images but the held-out ones, and predict those.

        Args:
            held_out: Images of one fold (n).

        Returns:
            Their predicted labels (n,).
        """
        from faces.models.training import fit_classifier, fit_features

        train = self.faces[np.flatnonzero(~np.isin(self.faces.ids, held_out.ids))]
        recogniser = build_model(self.model, **self.params)
        features = fit_features(recogniser, train.pixels, train.labels)
        fitted = fit_classifier(recogniser, features, train.pixels, train.labels)
        predicted: NDArray[np.str_] = fitted.predict(held_out.pixels).astype(str)
        return predicted


def cross_validate(
    faces: Faces, recipes: Sequence[Recipe]
) -> tuple[NDArray[np.str_], list[NDArray[np.str_]]]:
    """Predict every image by models that were not trained on it.

    Args:
        faces: Enrolled images. Of each person, two always remain to train on, so the images of a
            person who has no more are not predicted.
        recipes: What is compared.

    Returns:
        The true labels of the predicted images (n,), and for each recipe the predictions (n,).
    """
    folds = [faces[rows] for rows in person_folds(faces.labels) if len(rows)]
    labels = [np.array([], dtype=str), *(fold.labels for fold in folds)]
    predictions = [
        np.concatenate([labels[0], *(recipe.predict(fold) for fold in folds)]) for recipe in recipes
    ]
    return np.concatenate(labels), predictions


def person_folds(labels: NDArray[np.str_]) -> list[NDArray[np.int64]]:
    """Distribute each person's images over the folds.

    Args:
        labels: The label of each image (n,).

    Returns:
        Row numbers of each fold; every person keeps two images outside of each.
    """
    rng = np.random.default_rng(SEED)
    folds: list[list[int]] = [[] for _ in range(FOLDS)]
    for own in group_rows(labels).values():
        rows = rng.permutation(own).tolist()
        for number, fold in enumerate(folds):
            held_out = rows[number::FOLDS]
            fold += held_out[: len(rows) - MIN_TRAINING_IMAGES]
    return [np.array(sorted(fold), dtype=np.int64) for fold in folds]
