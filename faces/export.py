"""Turn a fitted scikit-learn recogniser into a portable one, part by part."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from faces.portable import PortableModel

Arrays = Mapping[str, NDArray[np.floating]]
Stages = list[tuple[str, Arrays]]


def export_model(model: Pipeline, about: Mapping[str, str]) -> PortableModel:
    """The same recogniser as arrays: equal labels, probabilities within 1e-5.

    Raises TypeError for an estimator that `EXPORTERS` does not know.
    """
    stages: Stages = []
    for _, part in model.steps:
        if type(part) not in EXPORTERS:
            raise TypeError(f"{type(part).__name__} cannot be exported: add it to EXPORTERS")
        stages += EXPORTERS[type(part)](part)
    people = np.asarray(model.classes_, dtype=str)
    return PortableModel([_rounded(*stage) for stage in _folded(stages)], people, dict(about))


def _pca(pca: PCA) -> Stages:
    weights = pca.components_.T.astype(np.float64)
    if pca.whiten:
        weights = weights / np.sqrt(pca.explained_variance_)
    return [_affine(weights, -pca.mean_ @ weights)]


def _logistic(model: LogisticRegression) -> Stages:
    weights, offset = _two_columns(model.coef_.T, model.intercept_, low=0.0)
    return [_affine(weights, offset), ("softmax", {})]


def _calibrated(model: CalibratedClassifierCV) -> Stages:
    (fitted,) = model.calibrated_classifiers_
    if model.method != "temperature":
        raise TypeError(f"calibration by {model.method} cannot be exported, only by temperature")
    beta, linear = fitted.calibrators[0].beta_, fitted.estimator
    weights, offset = _two_columns(linear.coef_.T, linear.intercept_, low=-1.0)
    return [_affine(beta * weights, beta * offset), ("softmax", {})]


EXPORTERS: Mapping[type, Callable[[Any], Stages]] = {
    PCA: _pca,
    LogisticRegression: _logistic,
    CalibratedClassifierCV: _calibrated,
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
