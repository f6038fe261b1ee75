"""Eigenfaces and the nearest training image: the classical baseline, Turk and Pentland 1991."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline

from faces.models.estimators.folds import StratifiedAugmentedKFold
from faces.models.estimators.nearest_neighbour import NearestNeighbour


def build(
    *,
    components: int | float = 60,
    whiten: bool = False,
    calibration_folds: int = 5,
    seed: int = 0,
) -> Pipeline:
    """Build the model: distances become probabilities by one temperature, fitted on folds."""
    nearest = CalibratedClassifierCV(
        NearestNeighbour(),
        method="temperature",
        cv=StratifiedAugmentedKFold(calibration_folds),
        ensemble=False,
    )
    pca = PCA(components, whiten=whiten, random_state=seed)
    return Pipeline([("pca", pca), ("classifier", nearest)])
