"""Eigenfaces and a small neural network with calibrated probabilities."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline

from faces.models.estimators.folds import StratifiedAugmentedKFold


def build(
    *,
    components: int | float = 60,
    whiten: bool = True,
    hidden: int = 256,
    alpha: float = 1.0,
    iterations: int = 300,
    calibration_folds: int = 3,
    seed: int = 0,
) -> Pipeline:
    """Build the model: one hidden layer of rectified units, trained with Adam.

    `alpha` is the strength of the L2 penalty. Probabilities are cooled by one temperature, fitted
    on folds: networks are surer than they should be (Guo et al. 2017).
    """
    network = MLPClassifier((hidden,), alpha=alpha, max_iter=iterations, random_state=seed)
    calibrated = CalibratedClassifierCV(
        network,
        method="temperature",
        cv=StratifiedAugmentedKFold(calibration_folds),
        ensemble=False,
    )
    pca = PCA(components, whiten=whiten, random_state=seed)
    return Pipeline([("pca", pca), ("classifier", calibrated)])
