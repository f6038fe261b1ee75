"""Fit the classifier."""

from typing import Annotated, Any

from sklearn.base import BaseEstimator
from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.models import build_model
from faces.models.training import fit_classifier
from store.caching import CACHED


@step(cache_policy=CACHED)
def train_model(
    faces: Faces, split: Split, pca: BaseEstimator, model: str, params: dict[str, Any]
) -> Annotated[BaseEstimator, "model"]:
    """Fit the classifier on the features; the model is the whole, from pixels to people."""
    train = faces[split.train]
    return fit_classifier(build_model(model, **params), pca, train.pixels, train.labels)
