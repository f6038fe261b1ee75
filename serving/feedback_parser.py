"""Parse the body of a feedback request; errors name the field that is wrong, and quote nothing."""

from dataclasses import dataclass
from typing import Any

import orjson

from serving.errors import BadRequestError
from serving.json_fields import REQUEST_ID, json_type

MAX_LABEL_LENGTH = 200


@dataclass(frozen=True)
class Feedback:
    """Feedback about an earlier request.

    Attributes:
        request: The request's id.
        labels: The true label of each of its faces; () if only a reward was sent.
        reward: How good the answer was, for monitoring; None without one.
    """

    request: str
    labels: tuple[str, ...]
    reward: float | None


def read_feedback(body: bytes) -> Feedback:
    """Parse Seldon's feedback message.

    `response.meta.puid` (or `request.meta.puid`) names the request; `truth.data.ndarray` has a
    label for each of its faces, or `truth.strData` the label of its only face. Other fields, such
    as the faces that Seldon's client sends again, are ignored.

    Args:
        body: The message, as JSON.

    Returns:
        The feedback. It has labels or a reward, or both.

    Raises:
        BadRequestError: If the body is wrong.
    """
    try:
        message = orjson.loads(body)
    except ValueError as error:
        raise BadRequestError("body", f"not JSON: {error}") from None
    if not isinstance(message, dict):
        raise BadRequestError("body", f"expected an object, not {json_type(message)}")
    request = _puid(message, "response") or _puid(message, "request")
    if not isinstance(request, str) or not REQUEST_ID.fullmatch(request):
        raise BadRequestError("response.meta.puid", "expected the id of an earlier request")
    reward = message.get("reward")
    if reward is not None and (isinstance(reward, bool) or not isinstance(reward, int | float)):
        raise BadRequestError("reward", f"expected a number, not {json_type(reward)}")
    truth = message.get("truth")
    if truth is None and reward is not None:
        return Feedback(request, (), float(reward))
    return Feedback(request, _labels(truth), None if reward is None else float(reward))


def _puid(message: dict[str, Any], field: str) -> Any:
    part = message.get(field)
    meta = part.get("meta") if isinstance(part, dict) else None
    return meta.get("puid") if isinstance(meta, dict) else None


def _labels(truth: Any) -> tuple[str, ...]:
    if isinstance(truth, dict) and "strData" in truth:
        field, labels = "truth.strData", [truth["strData"]]
    elif isinstance(truth, dict) and isinstance(truth.get("data"), dict):
        field, labels = "truth.data.ndarray", truth["data"].get("ndarray")
    else:
        raise BadRequestError(
            "truth", "expected data.ndarray with a label for each face, or strData"
        )
    if not labels or not isinstance(labels, list) or not all(map(_is_label, labels)):
        raise BadRequestError(field, f"expected labels of 1 to {MAX_LABEL_LENGTH} characters")
    return tuple(labels)


def _is_label(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_LABEL_LENGTH
