"""Eigenfaces and a small neural network."""

from typing import TYPE_CHECKING, Annotated

from faces.models.parameters import CalibrationFolds, Components, MaxIterations, Seed, Whiten

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def build(
    *,
    components: Components = 60,
    whiten: Whiten = True,
    hidden: Annotated[int, "units of the hidden layer"] = 256,
    alpha: Annotated[float, "strength of the L2 penalty"] = 1.0,
    iterations: MaxIterations = 300,
    calibration_folds: CalibrationFolds = 3,
    seed: Seed = 0,
) -> "Pipeline":
    """Build PCA and a network with one hidden layer of rectified linear units, trained with Adam.

    Networks are over-confident, which the temperature corrects (Guo et al. 2017).

    Returns:
        An unfitted pipeline from pixels (n, 4096) to probabilities.
    """
    from sklearn.decomposition import PCA
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import Pipeline

    from faces.models.estimators.calibration import temperature_scaled

    network = MLPClassifier((hidden,), alpha=alpha, max_iter=iterations, random_state=seed)
    pca = PCA(components, whiten=whiten, random_state=seed)
    return Pipeline([("pca", pca), ("classifier", temperature_scaled(network, calibration_folds))])
