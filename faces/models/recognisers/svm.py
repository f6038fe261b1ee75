"""Eigenfaces and a linear support vector machine: the default."""

from typing import TYPE_CHECKING, Annotated

from faces.models.parameters import CalibrationFolds, Components, Seed, Whiten

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def build(
    *,
    components: Components = 60,
    whiten: Whiten = True,
    C: Annotated[float, "inverse strength of the L2 penalty"] = 1.0,
    calibration_folds: CalibrationFolds = 2,
    seed: Seed = 0,
) -> "Pipeline":
    """Build PCA and a linear support vector machine (Cortes and Vapnik 1995).

    Temperature scaling (Guo et al. 2017) converts its margins to probabilities. Two calibration
    folds suit two images per person, the fewest that can be enrolled.

    Returns:
        An unfitted pipeline from pixels (n, 4096) to probabilities.
    """
    from sklearn.decomposition import PCA
    from sklearn.pipeline import Pipeline
    from sklearn.svm import LinearSVC

    from faces.models.estimators.calibration import temperature_scaled

    svm = LinearSVC(C=C, random_state=seed)
    classifier = temperature_scaled(svm, calibration_folds, refit_features=True)
    pca = PCA(components, whiten=whiten, random_state=seed)
    return Pipeline([("pca", pca), ("classifier", classifier)])
