"""Fit the features, PCA among them, on the training images."""

from typing import Annotated, Any

from sklearn.base import BaseEstimator
from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.models import build_model
from faces.models.training import fit_features
from store.caching import CACHED


@step(cache_policy=CACHED)
def fit_pca(
    faces: Faces, split: Split, model: str, params: dict[str, Any]
) -> Annotated[BaseEstimator, "pca"]:
    """Fit what comes before the classifier."""
    train = faces[split.train]
    return fit_features(build_model(model, **params), train.pixels, train.labels)
