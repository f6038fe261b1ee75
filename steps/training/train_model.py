"""Fit the classifier."""

from typing import Annotated

from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.models import ModelParams, build_model
from faces.models.protocol import Estimator, Recogniser
from store.caching import cache_on_imports
from store.materializers import ESTIMATOR


@step(cache_policy=cache_on_imports(__name__), output_materializers={"model": ESTIMATOR})
def train_model(
    faces: Faces, split: Split, features: Estimator, model: str, params: ModelParams
) -> Annotated[Recogniser, "model"]:
    """Fit the classifier on the features, with calibrated probabilities.

    Args:
        faces: The data.
        split: Its split; only training images are used.
        features: The fitted feature steps.
        model: Name of the recogniser.
        params: Its parameters.

    Returns:
        The whole recogniser, from pixels (n, 4096) to the probability of each identity.
    """
    from faces.models.training import fit_classifier

    train = faces[split.train]
    fitted: Recogniser = fit_classifier(
        build_model(model, **params), features, train.pixels, train.labels
    )
    return fitted
