"""Local binary patterns, PCA and Fisher's discriminants: the most accurate recogniser here."""

from typing import TYPE_CHECKING, Annotated

from faces.models.parameters import Blur, CalibrationFolds, Components, Seed

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def build(
    *,
    components: Components = 199,
    blur: Blur = 1.0,
    mirror: Annotated[bool, "augment the training images with mirrored copies"] = True,
    shift: Annotated[
        int, "augment the training images with copies shifted by this many pixels; 0 for none"
    ] = 2,
    shrinkage: Annotated[
        float, "shrinkage of the within-class covariance, from 0 to 1 (a multiple of the identity)"
    ] = 0.1,
    calibration_folds: CalibrationFolds = 5,
    seed: Seed = 0,
) -> "Pipeline":
    """Build local binary patterns, PCA, Fisher's discriminants and a nearest-mean classifier.

    Patterns as in Ahonen et al. 2006, discriminants after PCA as in Belhumeur et al. 1997
    ("Eigenfaces vs. Fisherfaces"). Temperature scaling converts cosines to probabilities.

    Returns:
        An unfitted pipeline from pixels (n, 4096) to probabilities.
    """
    from sklearn.decomposition import PCA
    from sklearn.pipeline import Pipeline

    from faces.models.estimators.calibration import temperature_scaled
    from faces.models.estimators.discriminants import CosineNearestMean, Discriminants
    from faces.models.estimators.local_patterns import LocalBinaryPatterns

    patterns = LocalBinaryPatterns(blur=blur, mirror=mirror, shift=shift)
    fisher = Pipeline([("lda", Discriminants(shrinkage)), ("cosine", CosineNearestMean())])
    return Pipeline(
        [
            ("patterns", patterns),
            ("pca", PCA(components, random_state=seed)),
            ("classifier", temperature_scaled(fisher, calibration_folds)),
        ]
    )
