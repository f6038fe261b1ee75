"""Plot the results of a training run."""

from typing import Annotated

import pandas as pd
from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.models.protocol import Estimator
from store.caching import cache_on_imports
from store.materializers import PLOTS
from store.materializers.documents import Plots


@step(cache_policy=cache_on_imports(__name__), output_materializers={"plots": PLOTS})
def plot_results(
    faces: Faces, split: Split, features: Estimator, predictions: pd.DataFrame
) -> Annotated[Plots, "plots"]:
    """Plot faces by condition, eigenfaces, confused pairs and accuracy by condition.

    Args:
        faces: The data.
        split: Its split.
        features: The fitted feature steps, for the eigenfaces.
        predictions: The predictions for the held-out images, from `evaluate_model`.

    Returns:
        PNG images by name; the dashboard shows them all in one image.
    """
    from faces.reports import plots

    return Plots(plots.plot_results(faces, split, features, predictions))
