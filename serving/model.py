"""The object that Seldon's wrapper calls: it predicts, captures requests and takes feedback."""

import gc
import os
import random
from collections.abc import Sequence
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

import gevent
import orjson
from google.protobuf import json_format
from numpy.typing import NDArray
from seldon_core.proto.prediction_pb2 import Feedback, SeldonMessage

from faces.runtime.capture_format import to_unit_range
from faces.runtime.image import PIXELS
from faces.runtime.portable import UNKNOWN, Predictions
from serving.capture.writer import Capture
from serving.errors import BadRequestError, RequestError
from serving.hot_reload import LoadedModel, ModelFollower
from serving.metrics import Metrics
from serving.request_parser import REQUEST_ID, Payload, read_payload
from serving.settings import ServerSettings

SENDER: ContextVar[str] = ContextVar("sender", default="")
"""Who sent the current request, as its token says: Seldon passes only the message on."""

MAX_LABEL_LENGTH = 200
DECIMALS = 6
"""Of confidences, scores and the threshold in a response's tags."""


class FaceModel:
    """Answers with the current model, and captures what it answers.

    Args:
        settings: The server's settings.
        follower: Provides the current model.
        metrics: Counts predictions.
    """

    def __init__(self, settings: ServerSettings, follower: ModelFollower, metrics: Metrics) -> None:
        self.settings, self.follower, self.metrics = settings, follower, metrics
        self.capture: Capture | None = None
        self._ids = random.Random()

    def load(self) -> None:
        """Prepare a worker. Seldon calls this once in each, before it accepts requests."""
        self.follower.get()
        self._ids.seed(os.urandom(16))
        gc.freeze()
        if self.settings.capture:
            self.capture = Capture(
                self.settings.capture_folder,
                self.settings.rotate_bytes,
                self.settings.rotate_seconds,
                pause=lambda: gevent.sleep(0),
            )

    def predict_raw(self, body: bytes | str) -> bytes:
        """Answer a prediction request.

        Args:
            body: Seldon's message with faces, as JSON.

        Returns:
            Seldon's message with the probabilities of each class, as JSON.

        Raises:
            BadRequestError: If the body is wrong.
            RequestError: If the request cannot be captured (503).
        """
        payload = read_payload(body.encode() if isinstance(body, str) else body)
        loaded = self.follower.get()
        request = payload.request or f"{self._ids.getrandbits(128):032x}"
        predictions = loaded.model.predict_open_set(to_unit_range(payload.pixels))
        self._capture(request, loaded, payload, predictions)
        tags = _tags(loaded, predictions)
        self.metrics.count_predictions(loaded, tags["person"], tags["confidence"])
        return b'{"data":{"names":%b,%b},"meta":%b}' % (
            loaded.classes_json,
            _encode_probabilities(payload, predictions),
            orjson.dumps({"puid": request, "tags": tags}),
        )

    def send_feedback_raw(self, feedback: Feedback) -> SeldonMessage:
        """Capture the labels of an earlier request, with their sender.

        `response.meta.puid` (or `request.meta.puid`) names the request; `truth.data.ndarray` has a
        label for each of its faces, or `truth.strData` the label of its only face. Whether the
        request exists and had that many faces is checked when captured requests are read: another
        replica may have answered it.

        Args:
            feedback: Seldon's message.

        Returns:
            Seldon's message with the request's id.

        Raises:
            BadRequestError: If the id or the labels are malformed.
            RequestError: If this server captures nothing (409), or cannot write the labels (503).
        """
        request = feedback.response.meta.puid or feedback.request.meta.puid
        if not REQUEST_ID.fullmatch(request):
            raise BadRequestError("response.meta.puid", "expected the id of an earlier request")
        labels = _parse_labels(feedback.truth)
        if self.capture is None:
            raise RequestError(HTTPStatus.CONFLICT, "this server captures no requests or feedback")
        try:
            self.capture.feedback(request, SENDER.get(), labels)
        except OSError as error:
            raise RequestError(
                HTTPStatus.SERVICE_UNAVAILABLE, f"the feedback cannot be captured: {error}"
            ) from error
        message = SeldonMessage()
        message.meta.puid = request
        return message

    def health_status_raw(self) -> dict[str, Any]:
        """Return the served version, and why a newer model was refused, if one was."""
        loaded = self.follower.get()
        tags = {"model_version": loaded.version, "status": "ok"}
        if self.follower.refusal:
            tags |= {"status": "refused", "refused": self.follower.refusal}
        return {"data": {"names": [], "ndarray": []}, "meta": {"tags": tags}}

    def init_metadata(self) -> dict[str, Any]:
        """Return the description of the model for Seldon's `/metadata`."""
        loaded = self.follower.get()
        return {
            "name": self.settings.name,
            "versions": [loaded.version],
            "platform": "faces-portable",
            "inputs": [
                {"messagetype": "ndarray", "schema": {"names": ["pixels"], "shape": [PIXELS]}}
            ],
            "outputs": [
                {
                    "messagetype": "ndarray",
                    "schema": {"names": loaded.classes, "shape": [len(loaded.classes)]},
                }
            ],
            "custom": dict(loaded.model.metadata),
        }

    def _capture(
        self, request: str, loaded: LoadedModel, payload: Payload, predictions: Predictions
    ) -> None:
        if self.capture is None:
            # A client that sends without a pause must not keep the others waiting.
            gevent.sleep(0)
            return
        try:
            self.capture.prediction(
                request, loaded.version, loaded.classes, payload.pixels, predictions
            )
        except OSError as error:
            raise RequestError(
                HTTPStatus.SERVICE_UNAVAILABLE, f"the request cannot be captured: {error}"
            ) from error


def _tags(loaded: LoadedModel, predictions: Predictions) -> dict[str, Any]:
    """Return identity, confidence and score of each face, and the model that answered."""
    probabilities = predictions.probabilities
    best = probabilities.argmax(axis=1).tolist()
    accepted = predictions.accepted.tolist()
    tags: dict[str, Any] = {
        "model_version": loaded.version,
        "data_version": loaded.model.metadata.get("data_version", ""),
        "person": [
            loaded.classes[column] if known else UNKNOWN
            for column, known in zip(best, accepted, strict=True)
        ],
        "confidence": [
            round(float(row[column]), DECIMALS)
            for row, column in zip(probabilities, best, strict=True)
        ],
        "score": [round(score, DECIMALS) for score in predictions.scores.tolist()],
    }
    if loaded.model.rejection_threshold is not None:
        tags["rejection_threshold"] = round(loaded.model.rejection_threshold, DECIMALS)
    return tags


def _encode_probabilities(payload: Payload, predictions: Predictions) -> bytes:
    probabilities = predictions.probabilities
    values: NDArray[Any] = probabilities.ravel() if payload.tensor else probabilities
    numbers: bytes = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
    if payload.tensor:
        return b'"tensor":{"shape":%b,"values":%b}' % (orjson.dumps(probabilities.shape), numbers)
    return b'"ndarray":%b' % numbers


def _parse_labels(message: SeldonMessage) -> Sequence[str]:
    kind = message.WhichOneof("data_oneof")
    if kind == "strData":
        labels: Any = [message.strData]
        field = "truth.strData"
    elif kind == "data" and message.data.WhichOneof("data_oneof") == "ndarray":
        labels = json_format.MessageToDict(message.data.ndarray)
        field = "truth.data.ndarray"
    else:
        raise BadRequestError(
            "truth", "expected data.ndarray with a label for each face, or strData"
        )
    if not labels or not all(isinstance(x, str) and 0 < len(x) <= MAX_LABEL_LENGTH for x in labels):
        raise BadRequestError(field, f"expected labels of 1 to {MAX_LABEL_LENGTH} characters")
    return list(labels)
