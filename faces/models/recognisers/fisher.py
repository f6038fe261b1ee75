"""Local binary patterns, PCA, and Fisher's discriminants: the best recogniser here."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline

from faces.models.estimators.discriminants import CosineNearestMean, Discriminants
from faces.models.estimators.folds import StratifiedAugmentedKFold
from faces.models.estimators.local_patterns import LocalBinaryPatterns


def build(
    *,
    components: int | float = 199,
    blur: float = 1.0,
    mirror: bool = True,
    shift: int = 2,
    shrinkage: float = 0.1,
    calibration_folds: int = 5,
    seed: int = 0,
) -> Pipeline:
    """Build the model.

    Patterns as in Ahonen et al. 2006, discriminants after PCA as in Belhumeur et al. 1997
    ("Eigenfaces vs. Fisherfaces"). `blur`, `mirror` and `shift` are those of LocalBinaryPatterns,
    `shrinkage` that of Discriminants. Cosines become probabilities by one temperature, fitted on
    folds that the discriminants were not learned from.
    """
    patterns = LocalBinaryPatterns(blur=blur, mirror=mirror, shift=shift)
    fisher = Pipeline([("lda", Discriminants(shrinkage)), ("cosine", CosineNearestMean())])
    folds = StratifiedAugmentedKFold(calibration_folds)
    calibrated = CalibratedClassifierCV(fisher, method="temperature", cv=folds, ensemble=False)
    return Pipeline(
        [
            ("patterns", patterns),
            ("pca", PCA(components, random_state=seed)),
            ("classifier", calibrated),
        ]
    )
