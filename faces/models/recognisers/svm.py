"""Eigenfaces and a linear support vector machine with calibrated probabilities: the default."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC


def build(
    *,
    components: int | float = 60,
    whiten: bool = True,
    C: float = 1.0,
    calibration_folds: int = 2,
    seed: int = 0,
) -> Pipeline:
    """Build the model.

    `components` is a number of principal components or, below 1, a share of the variance. The
    margins become probabilities by one temperature (Guo et al. 2017, "On calibration of modern
    neural networks"), fitted on out-of-fold margins, so the most probable person is the one with
    the largest margin. Two folds work with two images a person, the fewest there may be.
    """
    return Pipeline(
        [
            ("pca", PCA(components, whiten=whiten, random_state=seed)),
            (
                "classifier",
                CalibratedClassifierCV(
                    LinearSVC(C=C, random_state=seed),
                    method="temperature",
                    cv=calibration_folds,
                    ensemble=False,
                ),
            ),
        ]
    )
