"""Eigenfaces and Bayesian logistic regression."""

from typing import TYPE_CHECKING

from faces.models.parameters import CalibrationFolds, Components, MaxIterations, Seed, Whiten

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def build(
    *,
    components: Components = 60,
    whiten: Whiten = True,
    iterations: MaxIterations = 1000,
    calibration_folds: CalibrationFolds = 5,
    seed: Seed = 0,
) -> "Pipeline":
    """Build PCA and a Laplace-approximated logistic regression with temperature scaling.

    The strength of the prior is chosen by the evidence (MacKay 1992). With few images per person
    the posterior alone is under-confident, which the temperature corrects.

    Returns:
        An unfitted pipeline from pixels (n, 4096) to probabilities.
    """
    from sklearn.decomposition import PCA
    from sklearn.pipeline import Pipeline

    from faces.models.estimators.calibration import temperature_scaled
    from faces.models.estimators.laplace_logistic import LaplaceLogisticRegression

    classifier = temperature_scaled(LaplaceLogisticRegression(iterations), calibration_folds)
    pca = PCA(components, whiten=whiten, random_state=seed)
    return Pipeline([("pca", pca), ("classifier", classifier)])
