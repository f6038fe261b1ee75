"""Eigenfaces and multinomial logistic regression."""

from typing import TYPE_CHECKING, Annotated

from faces.models.parameters import Components, MaxIterations, Seed, Whiten

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def build(
    *,
    components: Components = 100,
    whiten: Whiten = False,
    C: Annotated[float, "inverse strength of the L2 penalty"] = 10.0,
    iterations: MaxIterations = 1000,
    seed: Seed = 0,
) -> "Pipeline":
    """Build PCA and a multinomial logistic regression, whose probabilities need no calibration.

    Returns:
        An unfitted pipeline from pixels (n, 4096) to probabilities.
    """
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    return Pipeline(
        [
            ("pca", PCA(components, whiten=whiten, random_state=seed)),
            ("classifier", LogisticRegression(C=C, max_iter=iterations)),
        ]
    )
