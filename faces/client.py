"""Client of a prediction endpoint; needs only numpy and requests.

from faces.client import send_faces
print(send_faces("http://127.0.0.1:9000", pixels).predicted)
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import requests
from numpy.typing import NDArray

from faces.errors import OperationError

PREDICT, FEEDBACK = "/api/v1.0/predictions", "/api/v1.0/feedback"
METRICS_PATH = "/prometheus"
FACE_COUNT = re.compile(r"^faces_confidence_count (\S+)$", re.MULTILINE)
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, eq=False)
class Prediction:
    """An endpoint's answer for n faces."""

    classes: list[str]
    """The labels that the model knows."""
    predicted: list[str]
    """The identity of each face, (n,): a class, or "unknown" if the face was rejected."""
    probabilities: NDArray[np.float64]
    """Probability of each class, (n, classes), on the condition that it is one of them."""
    scores: NDArray[np.float64]
    """Similarity of each face to its most probable class, (n,)."""
    rejection_threshold: float | None
    """Faces with a lower score are rejected as unknown; None if the model does not reject."""
    version: str
    """The model version that answered."""
    request: str
    """The request's id, to send feedback for."""


def send_faces(
    url: str,
    pixels: NDArray[np.floating],
    *,
    headers: Mapping[str, str] | None = None,
    request: str | None = None,
) -> Prediction:
    """Ask an endpoint for the identities of faces.

    Args:
        url: The endpoint's address.
        pixels: Faces (n, 4096) in [0, 1].
        headers: HTTP headers, such as the bearer token's.
        request: An id for the request; None lets the endpoint choose one.

    Returns:
        The endpoint's answer.

    Raises:
        OperationError: If the endpoint cannot be reached, or refuses the request.
    """
    message: dict[str, Any] = {"data": {"ndarray": np.asarray(pixels, float).tolist()}}
    if request:
        message["meta"] = {"puid": request}
    body = _post(url + PREDICT, message, headers)
    meta, data = body["meta"], body["data"]
    tags = meta["tags"]
    return Prediction(
        classes=data["names"],
        predicted=tags["person"],
        probabilities=np.array(data["ndarray"]),
        scores=np.array(tags["score"]),
        rejection_threshold=tags.get("rejection_threshold"),
        version=tags["model_version"],
        request=meta["puid"],
    )


def send_feedback(
    url: str, request: str, labels: Sequence[str], *, headers: Mapping[str, str] | None = None
) -> None:
    """Send the true labels of an earlier request.

    Args:
        url: The endpoint's address.
        request: The request's id.
        labels: The label of each of its faces. Labels for an unknown request, or of another number
            than its faces, are accepted here and ignored when captured requests are read.
        headers: HTTP headers, such as the bearer token's.

    Raises:
        OperationError: If the endpoint cannot be reached, or refuses the feedback.
    """
    truth = {"data": {"ndarray": list(labels)}}
    _post(url + FEEDBACK, {"response": {"meta": {"puid": request}}, "truth": truth}, headers)


def count_faces(url: str, *, headers: Mapping[str, str] | None = None) -> int:
    """Return how many faces an endpoint has answered since it started.

    Args:
        url: The endpoint's address.
        headers: HTTP headers, such as the bearer token's.

    Returns:
        The number of faces; 0 if the endpoint does not report it.

    Raises:
        OperationError: If the endpoint cannot be reached.
    """
    response = _send("GET", url + METRICS_PATH, headers)
    match = FACE_COUNT.search(response.text)
    return int(float(match[1])) if response.ok and match else 0


def _post(url: str, message: dict[str, Any], headers: Mapping[str, str] | None) -> dict[str, Any]:
    response = _send("POST", url, headers, message)
    try:
        body: dict[str, Any] = response.json()
    except ValueError:
        body = {}
    if not response.ok:
        info = body.get("status", {}).get("info", response.text[:200])
        raise OperationError(f"{url} returned {response.status_code}: {info}")
    return body


def _send(
    method: str, url: str, headers: Mapping[str, str] | None, message: dict[str, Any] | None = None
) -> requests.Response:
    try:
        return requests.request(
            method, url, json=message, headers=dict(headers or {}), timeout=TIMEOUT_SECONDS
        )
    except requests.RequestException as error:
        raise OperationError(f"no endpoint responds at {url}: {type(error).__name__}") from error
