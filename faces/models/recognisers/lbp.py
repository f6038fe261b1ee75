"""Local binary patterns and the nearest training image: a recogniser without PCA."""

from typing import TYPE_CHECKING

from faces.models.parameters import Blur, CalibrationFolds, Seed

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def build(
    *, blur: Blur = 1.0, calibration_folds: CalibrationFolds = 5, seed: Seed = 0
) -> "Pipeline":
    """Build local binary patterns and a nearest-neighbour classifier.

    Histograms of local binary patterns per grid cell as in Ahonen, Hadid and Pietikäinen (PAMI
    2006), compared by the Hellinger distance: the Euclidean distance of square-rooted counts.
    Temperature scaling converts distances to probabilities. Nothing is random, so `seed` has no
    effect.

    Returns:
        An unfitted pipeline from pixels (n, 4096) to probabilities.
    """
    from sklearn.pipeline import Pipeline

    from faces.models.estimators.calibration import temperature_scaled
    from faces.models.estimators.local_patterns import LocalBinaryPatterns
    from faces.models.estimators.nearest_neighbour import NearestNeighbour

    classifier = temperature_scaled(NearestNeighbour(), calibration_folds)
    return Pipeline([("patterns", LocalBinaryPatterns(blur=blur)), ("classifier", classifier)])
