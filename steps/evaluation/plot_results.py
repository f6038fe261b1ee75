"""Draw the pictures of a run."""

from typing import Annotated

import pandas as pd
from sklearn.base import BaseEstimator
from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from store.caching import CACHED
from store.materializers import Pictures, PicturesMaterializer


@step(cache_policy=CACHED, output_materializers={"pictures": PicturesMaterializer})
def draw_pictures(
    faces: Faces, split: Split, pca: BaseEstimator, predictions: pd.DataFrame
) -> Annotated[Pictures, "pictures"]:
    """Faces by condition, eigenfaces, the most confused pairs, accuracy by condition."""
    from faces.reports import plots

    return Pictures(plots.plot_results(faces, split, pca, predictions))
