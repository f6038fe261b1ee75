"""Eigenfaces and multinomial logistic regression."""

from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline


def build(
    *,
    components: int | float = 100,
    whiten: bool = False,
    C: float = 10.0,
    iterations: int = 1000,
    seed: int = 0,
) -> Pipeline:
    """Build the model.

    `components` is a number of principal components or, below 1, a share of the variance; `C` the
    inverse strength of the L2 penalty.
    """
    return Pipeline(
        [
            ("pca", PCA(components, whiten=whiten, random_state=seed)),
            ("classifier", LogisticRegression(C=C, max_iter=iterations)),
        ]
    )
