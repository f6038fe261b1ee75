"""Ask an endpoint from Python."""

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
COUNTED = re.compile(r"^faces_confidence_count (\S+)$", re.MULTILINE)
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, eq=False)
class Prediction:
    """Who the endpoint takes n faces for: `predicted` (n), "unknown" among them if it can tell.

    `probabilities` (n, people) are of `classes`: who it is, if it is one of them.
    """

    classes: list[str]
    predicted: list[str]
    probabilities: NDArray[np.float64]
    version: str
    request: str


def send_faces(
    url: str,
    pixels: NDArray[np.floating],
    *,
    headers: Mapping[str, str] | None = None,
    request: str | None = None,
) -> Prediction:
    """Send faces (n, 4096) in [0, 1], with an id of one's own if `request` gives one.

    Raises OperationError with what the endpoint said, or that it cannot be reached.
    """
    message: dict[str, Any] = {"data": {"ndarray": np.asarray(pixels, float).tolist()}}
    if request:
        message["meta"] = {"puid": request}
    response = _post(url + PREDICT, message, headers)
    meta, data = response["meta"], response["data"]
    version = meta["tags"]["model_version"]
    predicted, values = meta["tags"]["person"], np.array(data["ndarray"])
    return Prediction(data["names"], predicted, values, version, meta["puid"])


def send_feedback(
    url: str, request: str, classes: Sequence[str], *, headers: Mapping[str, str] | None = None
) -> None:
    """Tell the endpoint who was on the faces of an earlier request. Raises OperationError."""
    truth = {"data": {"ndarray": list(classes)}}
    _post(url + FEEDBACK, {"response": {"meta": {"puid": request}}, "truth": truth}, headers)


def count_faces(url: str, *, headers: Mapping[str, str] | None = None) -> int:
    """How many faces the endpoint answered since it started. Raises OperationError."""
    try:
        reply = requests.get(
            url + METRICS_PATH, headers=dict(headers or {}), timeout=TIMEOUT_SECONDS
        )
    except requests.RequestException as error:
        raise OperationError(f"no endpoint answers at {url}: {type(error).__name__}") from error
    found = COUNTED.search(reply.text)
    return int(float(found[1])) if reply.ok and found else 0


def _post(url: str, message: dict[str, Any], headers: Mapping[str, str] | None) -> dict[str, Any]:
    try:
        reply = requests.post(
            url, json=message, headers=dict(headers or {}), timeout=TIMEOUT_SECONDS
        )
    except requests.RequestException as error:
        raise OperationError(f"no endpoint answers at {url}: {type(error).__name__}") from error
    try:
        response: dict[str, Any] = reply.json()
    except ValueError:
        response = {}
    if not reply.ok:
        info = response.get("status", {}).get("info", reply.text[:200])
        raise OperationError(f"{url} said {reply.status_code}: {info}")
    return response
