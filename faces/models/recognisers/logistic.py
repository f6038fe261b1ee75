"""Eigenfaces and multinomial logistic regression."""

from typing import TYPE_CHECKING, Annotated

from faces.models.parameters import CalibrationFolds, Components, MaxIterations, Seed, Whiten

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def build(
    *,
    components: Components = 100,
    whiten: Whiten = False,
    C: Annotated[float, "inverse strength of the L2 penalty"] = 10.0,
    iterations: MaxIterations = 1000,
    calibration_folds: CalibrationFolds = 5,
    seed: Seed = 0,
) -> "Pipeline":
    """Build PCA and a multinomial logistic regression with temperature scaling.

    The L2 penalty makes its probabilities under-confident, which the temperature corrects.

    Returns:
        An unfitted pipeline from pixels (n, 4096) to probabilities.
    """
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    from faces.models.estimators.calibration import temperature_scaled

    regression = LogisticRegression(C=C, max_iter=iterations)
    pca = PCA(components, whiten=whiten, random_state=seed)
    classifier = temperature_scaled(regression, calibration_folds)
    return Pipeline([("pca", pca), ("classifier", classifier)])
