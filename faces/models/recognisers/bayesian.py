"""Eigenfaces and Bayesian logistic regression: it says how sure it can be."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline

from faces.models.estimators.folds import StratifiedAugmentedKFold
from faces.models.estimators.laplace_logistic import LaplaceLogisticRegression


def build(
    *,
    components: int | float = 60,
    whiten: bool = True,
    iterations: int = 1000,
    calibration_folds: int = 5,
    seed: int = 0,
) -> Pipeline:
    """Build the model. The strength of the prior is chosen by the evidence, not given.

    With so few images a person the posterior alone is not sure enough; one temperature, fitted on
    folds, mends that.
    """
    bayes = CalibratedClassifierCV(
        LaplaceLogisticRegression(iterations),
        method="temperature",
        cv=StratifiedAugmentedKFold(calibration_folds),
        ensemble=False,
    )
    pca = PCA(components, whiten=whiten, random_state=seed)
    return Pipeline([("pca", pca), ("classifier", bayes)])
