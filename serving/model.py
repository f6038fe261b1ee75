"""The object that Seldon's wrapper calls: it predicts, captures requests and takes feedback."""

import gc
import os
import random
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from zlib_ng.zlib_ng import crc32

from faces.runtime.capture_format import to_unit_range
from faces.runtime.image import PIXELS
from faces.runtime.portable import UNKNOWN, Predictions
from serving.answer import Answer, encode_answer
from serving.candidate import answer_beside
from serving.capture.writer import Capture
from serving.errors import RequestError
from serving.feedback_parser import Feedback
from serving.hot_reload import ModelFollower
from serving.loaded_model import LoadedModel
from serving.metrics import Metrics
from serving.request_parser import read_payload
from serving.settings import ServerSettings

MAX_PROBABILITIES = 1 << 24
"""Of a request, faces times classes: they take 64 MB, and as much again while they are computed."""

UNAVAILABLE = "unavailable"
"""Status of a server that answers no predictions."""


class FaceModel:
    """Answers with the current model, and captures what it answers.

    Args:
        settings: The server's settings.
        follower: Provides the current model.
        metrics: Counts predictions.
        concurrent: Whether other connections may have requests in progress.
        pause: Lets these proceed.
    """

    def __init__(
        self,
        settings: ServerSettings,
        follower: ModelFollower,
        metrics: Metrics,
        concurrent: Callable[[], bool],
        pause: Callable[[], object],
    ) -> None:
        self.settings, self.follower, self.metrics = settings, follower, metrics
        self._concurrent, self._pause = concurrent, pause
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
                self._concurrent,
                self._pause,
                crc32=crc32,
            )

    def predict_raw(self, body: bytes | str) -> bytes:
        """Answer a prediction request in Seldon's protocol.

        Args:
            body: Seldon's message with faces, as JSON.

        Returns:
            Seldon's message with the probabilities of each class, as JSON.

        Raises:
            BadRequestError: If the body is wrong.
            RequestError: If the request cannot be captured (503).
        """
        payload = read_payload(body.encode() if isinstance(body, str) else body)
        answer = self.predict_faces(payload.pixels, payload.request)
        return encode_answer(answer, payload.tensor, payload.top)

    def predict_faces(self, pixels: NDArray[Any], request: str | None) -> Answer:
        """Recognise faces, and capture the request.

        Args:
            pixels: Faces (n, 4096), as uint8 or as float32 in [0, 1].
            request: The id that the client chose; None for a random one.

        Returns:
            The predictions.

        Raises:
            RequestError: If it has too many faces for a model of this size (413), or cannot be
                captured (503).
        """
        loaded, shadow = self.follower.get(), None
        if len(pixels) * len(loaded.classes) > MAX_PROBABILITIES:
            limit = MAX_PROBABILITIES // len(loaded.classes)
            raise RequestError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"body: {len(pixels)} faces; with {len(loaded.classes)} people a request may have "
                f"{limit}: send several",
            )
        request = request or f"{self._ids.getrandbits(128):032x}"
        faces = to_unit_range(pixels)
        predictions = loaded.model.predict_open_set(faces)
        candidate = self.follower.candidate
        if candidate is not None:
            chance = self._ids.random()
            loaded, predictions, shadow = answer_beside(
                candidate, loaded, predictions, faces, request, chance
            )
        self._capture(request, loaded, pixels, predictions, shadow)
        best = predictions.probabilities.argmax(axis=1).tolist()
        identities = [
            loaded.classes[column] if known else UNKNOWN
            for column, known in zip(best, predictions.accepted.tolist(), strict=True)
        ]
        confidences = np.maximum.reduce(predictions.probabilities, axis=1).tolist()
        answer = Answer(request, loaded, predictions, identities, confidences)
        self.metrics.count_predictions(loaded, answer.identities, answer.confidences)
        return answer

    def take_feedback(self, feedback: Feedback, sender: str) -> bytes:
        """Capture the labels of an earlier request, with their sender, and count the reward.

        Whether the request exists and had that many faces is checked when captured requests are
        read: another replica may have answered it. A reward alone is neither learned nor tested.

        Args:
            feedback: The labels or the reward.
            sender: Who sent them; "" if unknown.

        Returns:
            Seldon's message with the request's id, as JSON.

        Raises:
            RequestError: If this server captures nothing (409), or cannot write the labels (503).
        """
        if feedback.reward is not None:
            self.metrics.count_reward(feedback.reward)
        if feedback.labels and self.capture is None:
            raise RequestError(HTTPStatus.CONFLICT, "this server captures no requests or feedback")
        if feedback.labels and self.capture:
            try:
                self.capture.feedback(feedback.request, sender, feedback.labels)
            except OSError as error:
                raise RequestError(
                    HTTPStatus.SERVICE_UNAVAILABLE, f"the feedback cannot be captured: {error}"
                ) from error
        message: bytes = orjson.dumps({"meta": {"puid": feedback.request}})
        return message

    def health(self) -> dict[str, str]:
        """Return the served version, and whether predictions can be answered.

        Returns:
            `model_version`; `candidate_version`, if a candidate answers beside it; `status`, which
            is "ok", "refused" if a newer model was refused, or "unavailable" if requests cannot be
            answered; and `refused` or `reason`, which say why.
        """
        loaded = self.follower.get()
        tags = {"model_version": loaded.version, "status": "ok"}
        if self.follower.candidate:
            tags["candidate_version"] = self.follower.candidate.loaded.version
        if self.follower.refusal:
            tags |= {"status": "refused", "refused": self.follower.refusal}
        if self.capture:
            try:
                self.capture.check_writable()
            except OSError as error:
                tags |= {"status": UNAVAILABLE, "reason": f"requests cannot be captured: {error}"}
        return tags

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
        self,
        request: str,
        loaded: LoadedModel,
        pixels: NDArray[Any],
        predictions: Predictions,
        shadow: tuple[LoadedModel, Predictions] | None,
    ) -> None:
        rate = self.settings.sampling_rate
        if self.capture is None or (rate < 1 and self._ids.random() >= rate):
            # A client that sends without a pause must not keep the others waiting.
            self._pause()
            return
        try:
            if shadow is not None:
                other, answer = shadow
                self.capture.shadow(request, other.version, other.classes, answer)
            self.capture.prediction(request, loaded.version, loaded.classes, pixels, predictions)
        except OSError as error:
            raise RequestError(
                HTTPStatus.SERVICE_UNAVAILABLE, f"the request cannot be captured: {error}"
            ) from error
