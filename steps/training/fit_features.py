"""Fit the features: PCA and all other steps before the classifier."""

from typing import Annotated

from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.models import ModelParams, build_model
from faces.models.protocol import Estimator
from store.caching import cache_on_imports
from store.materializers import ESTIMATOR


@step(cache_policy=cache_on_imports(__name__), output_materializers={"features": ESTIMATOR})
def fit_features(
    faces: Faces, split: Split, model: str, params: ModelParams
) -> Annotated[Estimator, "features"]:
    """Fit everything before the recogniser's classifier, such as PCA, on the training images.

    Args:
        faces: The data.
        split: Its split.
        model: Name of the recogniser.
        params: Its parameters.

    Returns:
        The fitted feature steps, a scikit-learn pipeline.
    """
    from faces.models import training

    train = faces[split.train]
    recogniser = build_model(model, **params)
    features: Estimator = training.fit_features(recogniser, train.pixels, train.labels)
    return features
