"""The model as Seldon's wrapper wants it: one object that answers and takes feedback."""

import gc
import os
import random
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import gevent
import numpy as np
import orjson
from google.protobuf import json_format
from numpy.typing import NDArray
from seldon_core.proto.prediction_pb2 import Feedback, SeldonMessage

from faces.runtime.capture_format import to_unit_range
from faces.runtime.image import PIXELS
from faces.runtime.portable import UNKNOWN
from serving.capture.writer import Capture
from serving.errors import RequestError, bad_request
from serving.hot_reload import ModelFollower
from serving.metrics import Metrics
from serving.request_parser import ID, Payload, read_payload
from serving.settings import ServerSettings

TRUTH = 200
"""Characters that a name may have."""


class FaceModel:
    """Answers with the current model and keeps what it answered."""

    def __init__(self, settings: ServerSettings, current: ModelFollower, metrics: Metrics) -> None:
        self.settings, self.current, self.metrics = settings, current, metrics
        self.capture: Capture | None = None
        self._ids = random.Random()

    def load(self) -> None:
        """Seldon calls this once in each worker, before it takes requests."""
        self.current.get()
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
        """Seldon's message with the probabilities of every person, for one with faces.

        Raises RequestError for a body that is wrong, or if the answer cannot be kept.
        """
        payload = read_payload(body.encode() if isinstance(body, str) else body)
        served = self.current.get()
        request = payload.request or f"{self._ids.getrandbits(128):032x}"
        probabilities, scores = served.model.predict_with_score(to_unit_range(payload.pixels))
        best = probabilities.argmax(axis=1)
        rejection_threshold = served.model.rejection_threshold
        accepted = scores >= (-np.inf if rejection_threshold is None else rejection_threshold)
        sure = [round(float(row[at]), 6) for row, at in zip(probabilities, best, strict=True)]
        if self.capture:
            try:
                self.capture.prediction(
                    request, served.version, served.classes, payload.pixels, probabilities, accepted
                )
            except OSError as error:
                raise RequestError(
                    HTTPStatus.SERVICE_UNAVAILABLE, f"the request cannot be kept: {error}"
                ) from error
        else:
            # Whoever sends without a pause would keep all others waiting.
            gevent.sleep(0)
        self.metrics.predicted(served, best, sure)
        tags: dict[str, Any] = {
            "model_version": served.version,
            "data_version": served.model.metadata.get("data_version", ""),
            "person": [served.classes[column] for column in best],
            "confidence": sure,
            "score": [round(float(score), 6) for score in scores],
        }
        if rejection_threshold is not None:
            tags["person"] = [
                name if known else UNKNOWN
                for name, known in zip(tags["person"], accepted, strict=True)
            ]
            tags["rejection_threshold"] = round(rejection_threshold, 6)
        meta = orjson.dumps({"puid": request, "tags": tags})
        return b'{"data":{"names":%b,%b},"meta":%b}' % (
            served.names,
            _values(payload, probabilities),
            meta,
        )

    def send_feedback_raw(self, feedback: Feedback) -> SeldonMessage:
        """Keep the truth for an earlier request: `response.meta.puid` (or `request`'s) says which.

        The truth is a name for each face, as `truth.data.ndarray`, or `truth.strData` for one.
        Raises RequestError for an unknown request or a truth that does not fit it. Among several
        replicas another one may have answered it: then that shows when the captured files are read.
        """
        request = feedback.response.meta.puid or feedback.request.meta.puid
        if not ID.fullmatch(request):
            raise bad_request("response.meta.puid", "the id of an earlier request is needed")
        truth = _truth(feedback.truth)
        if self.capture is None:
            raise RequestError(HTTPStatus.CONFLICT, "this server keeps no requests, nor feedback")
        faces = self.capture.faces_of(request)
        if faces is None and self.settings.replicas == 1:
            raise RequestError(
                HTTPStatus.NOT_FOUND, f"response.meta.puid: no request has the id {request}"
            )
        if faces is not None and len(truth) != faces:
            raise bad_request("truth", f"{len(truth)} names for the {faces} faces of this request")
        try:
            self.capture.feedback(request, truth)
        except OSError as error:
            raise RequestError(
                HTTPStatus.SERVICE_UNAVAILABLE, f"the feedback cannot be kept: {error}"
            ) from error
        answer = SeldonMessage()
        answer.meta.puid = request
        return answer

    def health_status_raw(self) -> dict[str, Any]:
        """What is served, and what was refused since."""
        served = self.current.get()
        tags = {"model_version": served.version, "status": "ok"}
        if self.current.refused:
            tags |= {"status": "refused", "refused": self.current.refused}
        return {"data": {"names": [], "ndarray": []}, "meta": {"tags": tags}}

    def init_metadata(self) -> dict[str, Any]:
        """What the model is, as Seldon's `/metadata` tells it."""
        served = self.current.get()
        return {
            "name": self.settings.name,
            "versions": [served.version],
            "platform": "faces-portable",
            "inputs": [
                {"messagetype": "ndarray", "schema": {"names": ["pixels"], "shape": [PIXELS]}}
            ],
            "outputs": [
                {
                    "messagetype": "ndarray",
                    "schema": {"names": served.classes, "shape": [len(served.classes)]},
                }
            ],
            "custom": dict(served.model.metadata),
        }


def _values(payload: Payload, probabilities: NDArray[np.float32]) -> bytes:
    values = probabilities.ravel() if payload.tensor else probabilities
    numbers: bytes = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
    if payload.tensor:
        return b'"tensor":{"shape":%b,"values":%b}' % (orjson.dumps(probabilities.shape), numbers)
    return b'"ndarray":%b' % numbers


def _truth(message: SeldonMessage) -> Sequence[str]:
    kind = message.WhichOneof("data_oneof")
    if kind == "strData":
        names: Any = [message.strData]
        field = "truth.strData"
    elif kind == "data" and message.data.WhichOneof("data_oneof") == "ndarray":
        names = json_format.MessageToDict(message.data.ndarray)
        field = "truth.data.ndarray"
    else:
        raise bad_request("truth", "data.ndarray with the name on each face, or strData, is needed")
    if not names or not all(isinstance(n, str) and 0 < len(n) <= TRUTH for n in names):
        raise bad_request(field, f"names of 1 to {TRUTH} characters are needed")
    return list(names)
