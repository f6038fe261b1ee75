"""Export a fitted scikit-learn recogniser to the portable model.

Estimators of this project export themselves with a method `to_operators`; those of scikit-learn
have a function in `EXPORTERS`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from faces.models.operators import Exportable, Operator, affine
from faces.runtime.portable import PortableModel

Operators = list[Operator]

SCALABLE = ("weights", "offset", "scale")
"""Arrays of an operator whose scaling scales its output."""


def export_model(
    model: Pipeline, metadata: Mapping[str, str], rejection_threshold: float | None = None
) -> PortableModel:
    """Export a fitted recogniser.

    Args:
        model: A fitted pipeline from pixels (n, 4096) to probabilities.
        metadata: Stored with the model, such as the version of its training data.
        rejection_threshold: Score below which a face is rejected as unknown; None rejects none.

    Returns:
        The portable model. Its labels are those of `model`, its probabilities differ by < 2e-5.

    Raises:
        TypeError: If an estimator can neither export itself nor has a function in `EXPORTERS`.
    """
    operators = [*_operators(model), ("softmax", {})]
    return PortableModel(
        [_single_precision(*operator) for operator in _fuse(operators)],
        np.asarray(model.classes_, dtype=str),
        dict(metadata),
        _logit_scale(model[-1]),
        rejection_threshold,
    )


def _operators(estimator: Any) -> Operators:
    """Return the operators up to the logits; the softmax is added last for every recogniser."""
    if isinstance(estimator, Exportable):
        return estimator.to_operators()
    exporter = EXPORTERS.get(type(estimator))
    if exporter is None:
        raise TypeError(
            f"{type(estimator).__name__} cannot be exported: define to_operators() in it, or add "
            "it to EXPORTERS in faces/models/export.py"
        )
    return exporter(estimator)


def _frozen(model: FrozenEstimator) -> Operators:
    return _operators(model.estimator)


def _pipeline(model: Pipeline) -> Operators:
    steps = [step for _, step in model.steps if step != "passthrough"]
    return [operator for step in steps for operator in _operators(step)]


def _pca(pca: PCA) -> Operators:
    weights = pca.components_.T.astype(np.float64)
    if pca.whiten:
        weights = weights / np.sqrt(pca.explained_variance_)
    return [affine(weights, -pca.mean_ @ weights)]


def _logistic(model: LogisticRegression) -> Operators:
    return [affine(*_two_columns(model.coef_.T, model.intercept_, low=0.0))]


def _margins(model: LinearSVC | LogisticRegression) -> Operators:
    return [affine(*_two_columns(model.coef_.T, model.intercept_, low=-1.0))]


def _network(model: MLPClassifier) -> Operators:
    pairs = list(zip(model.coefs_, model.intercepts_, strict=True))
    weights, offset = _two_columns(*pairs[-1], low=0.0)
    hidden = [operator for pair in pairs[:-1] for operator in (affine(*pair), ("relu", {}))]
    return [*hidden, affine(weights, offset)]


def _calibrated(model: CalibratedClassifierCV) -> Operators:
    """Scale the logits by the inverse temperature."""
    if model.method != "temperature":
        raise TypeError(f"calibration by {model.method} cannot be exported, only by temperature")
    (fitted,) = model.calibrated_classifiers_
    estimator = fitted.estimator
    # Of two classes, the margin x of the second makes the logits (-x, x), not (0, x).
    linear = isinstance(estimator, LogisticRegression)
    *operators, (kind, arrays) = _margins(estimator) if linear else _operators(estimator)
    scale = _logit_scale(model)
    scaled = {name: scale * array if name in SCALABLE else array for name, array in arrays.items()}
    return [*operators, (kind, scaled)]


def _logit_scale(model: Any) -> float:
    """Return the inverse temperature, 1 for a model that is not calibrated."""
    if not isinstance(model, CalibratedClassifierCV):
        return 1.0
    return float(model.calibrated_classifiers_[0].calibrators[0].beta_)


EXPORTERS: Mapping[type, Callable[[Any], Operators]] = {
    Pipeline: _pipeline,
    CalibratedClassifierCV: _calibrated,
    FrozenEstimator: _frozen,
    PCA: _pca,
    LogisticRegression: _logistic,
    LinearSVC: _margins,
    MLPClassifier: _network,
}
"""For each class of scikit-learn, the function that returns its operators."""


def _two_columns(
    weights: NDArray[np.floating], offset: NDArray[np.floating], low: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return one column per class: of two, scikit-learn stores one, x, which makes (low · x, x)."""
    if weights.shape[1] > 1:
        return weights, offset
    return np.hstack([low * weights, weights]), np.concatenate([low * offset, offset])


def _fuse(operators: Operators) -> Operators:
    """Fuse two consecutive affine operators where the product needs fewer multiplications."""
    fused: Operators = []
    for kind, arrays in operators:
        if kind == "affine" and fused and fused[-1][0] == "affine":
            previous = fused[-1][1]
            product = previous["weights"] @ arrays["weights"]
            if product.size < previous["weights"].size + arrays["weights"].size:
                offset = previous["offset"] @ arrays["weights"] + arrays["offset"]
                fused[-1] = affine(product, offset)
                continue
        fused.append((kind, arrays))
    return fused


def _single_precision(kind: str, arrays: Mapping[str, NDArray[np.floating]]) -> Operator:
    """Convert to float32 in column order: multiplying one face takes a third less time."""
    return kind, {name: np.asarray(a, np.float32, order="F") for name, a in arrays.items()}
