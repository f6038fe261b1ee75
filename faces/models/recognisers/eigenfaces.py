"""Eigenfaces and the nearest training image: the classical baseline, Turk and Pentland 1991."""

from typing import TYPE_CHECKING

from faces.models.parameters import CalibrationFolds, Components, Seed, Whiten

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def build(
    *,
    components: Components = 60,
    whiten: Whiten = False,
    calibration_folds: CalibrationFolds = 5,
    seed: Seed = 0,
) -> "Pipeline":
    """Build PCA and a nearest-neighbour classifier (Turk and Pentland 1991).

    Temperature scaling (Guo et al. 2017) converts the logarithms of its distances to probabilities.

    Returns:
        An unfitted pipeline from pixels (n, 4096) to probabilities.
    """
    from sklearn.decomposition import PCA
    from sklearn.pipeline import Pipeline

    from faces.models.estimators.calibration import temperature_scaled
    from faces.models.estimators.nearest_neighbour import NearestNeighbour

    classifier = temperature_scaled(NearestNeighbour(log=True), calibration_folds)
    pca = PCA(components, whiten=whiten, random_state=seed)
    return Pipeline([("pca", pca), ("classifier", classifier)])
