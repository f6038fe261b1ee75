"""The answer to a prediction request, and its encoding in Seldon's protocol."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from faces.runtime.portable import Predictions
from serving.loaded_model import LoadedModel

DECIMALS = 6
"""Of confidences, scores and the threshold in a response's tags."""

DEFAULT_TOP = 10
"""Classes of each face in an answer of a large model, if the request does not say how many."""


@dataclass(frozen=True, eq=False)
class Answer:
    """The answer to a prediction request.

    Attributes:
        request: The request's id.
        loaded: The model that answered.
        predictions: What it answered.
        identities: The identity of each face, "unknown" if it was rejected.
        confidences: Probability of each face's most probable class, in [0, 1].
    """

    request: str
    loaded: LoadedModel
    predictions: Predictions
    identities: list[str]
    confidences: list[float]


def encode_answer(answer: Answer, tensor: bool, top: int | None) -> bytes:
    """Encode an answer as Seldon's message.

    Args:
        answer: The answer.
        tensor: Whether to encode the probabilities as `data.tensor` instead of `data.ndarray`.
        top: How many of the most probable classes of each face it contains; None for all, or for
            the first ten if the model is large.

    Returns:
        The message, as JSON.
    """
    names, probabilities = answer.loaded.classes_json, answer.predictions.probabilities
    if top is None and answer.loaded.is_large:
        top = DEFAULT_TOP
    if top is not None and top < probabilities.shape[1]:
        columns = most_probable(answer.predictions, top)
        names = orjson.dumps([answer.loaded.classes[column] for column in columns])
        probabilities = np.ascontiguousarray(probabilities[:, columns])
    return b'{"data":{"names":%b,%b},"meta":%b}' % (
        names,
        _encode_probabilities(tensor, probabilities),
        orjson.dumps({"puid": answer.request, "tags": _tags(answer)}),
    )


def most_probable(predictions: Predictions, top: int) -> NDArray[np.int32]:
    """Return the columns of the most probable classes of any face, the most probable first.

    Args:
        predictions: Predictions for n faces.
        top: How many classes of each face.
    """
    columns = np.unique(predictions.most_probable(top))
    highest = predictions.probabilities[:, columns].max(axis=0)
    return columns[np.argsort(-highest, kind="stable")]


def _tags(answer: Answer) -> dict[str, Any]:
    """Return identity, confidence and score of each face, and the model that answered."""
    loaded = answer.loaded
    tags: dict[str, Any] = {
        "model_version": loaded.version,
        "data_version": loaded.model.metadata.get("data_version", ""),
        "person": answer.identities,
        "confidence": [round(confidence, DECIMALS) for confidence in answer.confidences],
        "score": [round(score, DECIMALS) for score in answer.predictions.scores.tolist()],
    }
    if loaded.model.rejection_threshold is not None:
        tags["rejection_threshold"] = round(loaded.model.rejection_threshold, DECIMALS)
    return tags


def _encode_probabilities(tensor: bool, probabilities: NDArray[np.float32]) -> bytes:
    values: NDArray[Any] = probabilities.ravel() if tensor else probabilities
    numbers: bytes = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
    if tensor:
        return b'"tensor":{"shape":%b,"values":%b}' % (orjson.dumps(probabilities.shape), numbers)
    return b'"ndarray":%b' % numbers
