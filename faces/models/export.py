"""Turn a fitted scikit-learn recogniser into a portable one, part by part."""

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

from faces.models.estimators.discriminants import CosineNearestMean, Discriminants
from faces.models.estimators.laplace_logistic import LaplaceLogisticRegression
from faces.models.estimators.local_patterns import LocalBinaryPatterns
from faces.models.estimators.nearest_neighbour import NearestNeighbour
from faces.runtime.portable import PortableModel

Arrays = Mapping[str, NDArray[np.floating]]
Stages = list[tuple[str, Arrays]]


def export_model(
    model: Pipeline, about: Mapping[str, str], rejection_threshold: float | None = None
) -> PortableModel:
    """The same recogniser as arrays: equal labels, probabilities within 1e-5.

    Raises TypeError for an estimator that `EXPORTERS` does not know.
    """
    stages = [_rounded(*stage) for stage in _folded([*_stages(model), ("softmax", {})])]
    people = np.asarray(model.classes_, dtype=str)
    return PortableModel(stages, people, dict(about), _temperature(model[-1]), rejection_threshold)


def _stages(part: Any) -> Stages:
    """From pixels to logits; the softmax comes last, whatever the recogniser."""
    if type(part) not in EXPORTERS:
        raise TypeError(f"{type(part).__name__} cannot be exported: add it to EXPORTERS")
    return EXPORTERS[type(part)](part)


def _frozen(model: FrozenEstimator) -> Stages:
    return _stages(model.estimator)


def _pipeline(model: Pipeline) -> Stages:
    return [stage for _, part in model.steps for stage in _stages(part)]


def _pca(pca: PCA) -> Stages:
    weights = pca.components_.T.astype(np.float64)
    if pca.whiten:
        weights = weights / np.sqrt(pca.explained_variance_)
    return [_affine(weights, -pca.mean_ @ weights)]


def _logistic(model: LogisticRegression) -> Stages:
    return [_affine(*_two_columns(model.coef_.T, model.intercept_, low=0.0))]


def _svm(model: LinearSVC) -> Stages:
    return [_affine(*_two_columns(model.coef_.T, model.intercept_, low=-1.0))]


def _calibrated(model: CalibratedClassifierCV) -> Stages:
    """Logits times one number."""
    (fitted,) = model.calibrated_classifiers_
    if model.method != "temperature":
        raise TypeError(f"calibration by {model.method} cannot be exported, only by temperature")
    *stages, (kind, arrays) = _stages(fitted.estimator)
    beta = _temperature(model)
    scaled = {name: beta * array if name in LINEAR else array for name, array in arrays.items()}
    return [*stages, (kind, scaled)]


def _temperature(model: Any) -> float:
    """What the logits were multiplied by, 1 without calibration."""
    if not isinstance(model, CalibratedClassifierCV):
        return 1.0
    return float(model.calibrated_classifiers_[0].calibrators[0].beta_)


LINEAR = ("weights", "offset", "scale")
"""What of a last stage is multiplied to multiply its values."""


def _patterns(model: LocalBinaryPatterns) -> Stages:
    return [("lbp_histogram", {"blur": model.kernel_})]


def _discriminants(model: Discriminants) -> Stages:
    return [_affine(model.weights_, np.zeros(model.weights_.shape[1]))]


def _cosine(model: CosineNearestMean) -> Stages:
    return [("l2_normalize", {}), _affine(model.means_.T, np.zeros(len(model.classes_)))]


def _nearest(model: NearestNeighbour) -> Stages:
    arrays = {"rows": model.rows_, "starts": model.starts_.astype(float), "scale": np.ones(1)}
    return [("nearest_neighbour", arrays)]


def _network(model: MLPClassifier) -> Stages:
    pairs = list(zip(model.coefs_, model.intercepts_, strict=True))
    weights, offset = _two_columns(*pairs[-1], low=0.0)
    hidden = [stage for pair in pairs[:-1] for stage in (_affine(*pair), ("relu", {}))]
    return [*hidden, _affine(weights, offset)]


def _bayesian(model: LaplaceLogisticRegression) -> Stages:
    arrays = {"weights": model.weights_, "offset": model.offset_, "factors": model.factors_}
    return [("probit", arrays)]


EXPORTERS: Mapping[type, Callable[[Any], Stages]] = {
    Pipeline: _pipeline,
    CalibratedClassifierCV: _calibrated,
    FrozenEstimator: _frozen,
    PCA: _pca,
    LogisticRegression: _logistic,
    LinearSVC: _svm,
    MLPClassifier: _network,
    LocalBinaryPatterns: _patterns,
    Discriminants: _discriminants,
    CosineNearestMean: _cosine,
    NearestNeighbour: _nearest,
    LaplaceLogisticRegression: _bayesian,
}


def _two_columns(
    weights: NDArray[np.floating], offset: NDArray[np.floating], low: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Of two people scikit-learn keeps one column x; give both: (low · x, x)."""
    if weights.shape[1] > 1:
        return weights, offset
    return np.hstack([low * weights, weights]), np.concatenate([low * offset, offset])


def _affine(weights: NDArray[np.floating], offset: NDArray[np.floating]) -> tuple[str, Arrays]:
    return "affine", {"weights": weights.astype(np.float64), "offset": offset.astype(np.float64)}


def _folded(stages: Stages) -> Stages:
    """One affine stage for two in a row, where that leaves less to multiply."""
    folded: Stages = []
    for kind, arrays in stages:
        if kind == "affine" and folded and folded[-1][0] == "affine":
            former = folded[-1][1]
            product = former["weights"] @ arrays["weights"]
            if product.size < former["weights"].size + arrays["weights"].size:
                offset = former["offset"] @ arrays["weights"] + arrays["offset"]
                folded[-1] = _affine(product, offset)
                continue
        folded.append((kind, arrays))
    return folded


def _rounded(kind: str, arrays: Arrays) -> tuple[str, Arrays]:
    """In single precision, and by columns: one face is multiplied in two thirds of the time."""
    return kind, {name: np.asarray(a, np.float32, order="F") for name, a in arrays.items()}
