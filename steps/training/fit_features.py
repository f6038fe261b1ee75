"""Fit the features: PCA and all other steps before the classifier."""

from typing import Annotated

from sklearn.base import BaseEstimator
from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.models import ModelParams, build_model, training
from store.caching import cache_on_imports


@step(cache_policy=cache_on_imports(__name__))
def fit_features(
    faces: Faces, split: Split, model: str, params: ModelParams
) -> Annotated[BaseEstimator, "features"]:
    """Fit everything before the recogniser's classifier, such as PCA, on the training images.

    Args:
        faces: The data.
        split: Its split.
        model: Name of the recogniser.
        params: Its parameters.

    Returns:
        The fitted feature steps, a scikit-learn pipeline.
    """
    train = faces[split.train]
    return training.fit_features(build_model(model, **params), train.pixels, train.labels)
