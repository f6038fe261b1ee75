"""Local binary patterns, PCA, and Fisher's discriminants: the best recogniser here."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline

from faces.models.estimators.discriminants import CosineToMeans, Discriminants
from faces.models.estimators.folds import Folds
from faces.models.estimators.local_patterns import LocalPatterns


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
    ("Eigenfaces vs. Fisherfaces"). `blur`, `mirror` and `shift` are those of LocalPatterns,
    `shrinkage` that of Discriminants. Cosines become probabilities by one temperature, fitted on
    folds that the discriminants were not learned from.
    """
    patterns = LocalPatterns(blur=blur, mirror=mirror, shift=shift)
    fisher = Pipeline([("lda", Discriminants(shrinkage)), ("cosine", CosineToMeans())])
    folds = Folds(calibration_folds)
    calibrated = CalibratedClassifierCV(fisher, method="temperature", cv=folds, ensemble=False)
    return Pipeline(
        [
            ("patterns", patterns),
            ("pca", PCA(components, random_state=seed)),
            ("classifier", calibrated),
        ]
    )
