"""Draw the pictures of a run."""

from typing import Annotated

import pandas as pd
from sklearn.base import BaseEstimator
from zenml import step

from faces.dataset import Faces
from faces.split import Split
from steps.artifacts import Pictures, PicturesMaterializer
from steps.caching import CACHED


@step(cache_policy=CACHED, output_materializers={"pictures": PicturesMaterializer})
def draw_pictures(
    faces: Faces, split: Split, pca: BaseEstimator, predictions: pd.DataFrame
) -> Annotated[Pictures, "pictures"]:
    """Faces by condition, eigenfaces, the most confused pairs, accuracy by condition."""
    from faces import pictures

    return Pictures(pictures.draw_pictures(faces, split, pca, predictions))
