"""Prometheus metrics. Several workers share them through files in the folder that SHARED names.

The variable SHARED must be set before this module is imported; without it, a worker reports only
its own counts.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from faces.runtime.portable import UNKNOWN
from serving.loaded_model import LoadedModel
from serving.worker_metrics import SharedCollector

SHARED = "prometheus_multiproc_dir"
LATENCY_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
CONFIDENCE_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """Counters of requests and predictions."""

    def __init__(self) -> None:
        self._requests = Counter("faces_requests", "Requests by status", ["code"])
        self._latency = Histogram(
            "faces_latency_seconds",
            "Request duration in seconds, by kind of request",
            ["kind"],
            buckets=LATENCY_BUCKETS,
        )
        self._confidence = Histogram(
            "faces_confidence", "Probability of the predicted class", buckets=CONFIDENCE_BUCKETS
        )
        self._predictions = Counter("faces_predictions", "Faces by predicted identity", ["person"])
        self._version = Gauge(
            "faces_model",
            "1 for the version that is served",
            ["version"],
            multiprocess_mode="livesum",
        )
        self._reward = Summary("faces_reward", "Rewards in feedback")
        self._latency_by_kind: dict[str, Histogram] = {}
        self._by_code = {200: self._requests.labels("200")}
        self._by_identity: dict[str, Counter] = {}
        self._others = self._predictions
        self._current: LoadedModel | None = None

    def count_request(self, kind: str, code: int, seconds: float) -> None:
        """Count a request, by its kind and the status of its response.

        Args:
            kind: "predict", "feedback", "other" or "malformed".
            code: HTTP status code.
            seconds: Time from the request's arrival to its response.
        """
        counter = self._by_code.get(code)
        if counter is None:
            counter = self._by_code[code] = self._requests.labels(str(code))
        counter.inc()
        latency = self._latency_by_kind.get(kind)
        if latency is None:
            latency = self._latency_by_kind[kind] = self._latency.labels(kind)
        latency.observe(seconds)

    def count_reward(self, reward: float) -> None:
        """Add the reward of a feedback request.

        Args:
            reward: The reward, which may be negative.
        """
        self._reward.observe(reward)

    def count_predictions(
        self, loaded: LoadedModel, identities: Sequence[str], confidences: Sequence[float]
    ) -> None:
        """Count the faces of a response, by the identity they were answered with.

        Args:
            loaded: The model that answered; the version gauge follows it.
            identities: Answered identity of each face, "unknown" if it was rejected.
            confidences: Probability of each face's most probable class, in [0, 1].
        """
        if loaded is not self._current:
            self._set_model(loaded)
        for identity, confidence in zip(identities, confidences, strict=True):
            self._by_identity.get(identity, self._others).inc()
            self._confidence.observe(confidence)

    def _set_model(self, loaded: LoadedModel) -> None:
        if self._current is not None:
            self._version.labels(self._current.version).set(0)
        self._version.labels(loaded.version).set(1)
        names = [*loaded.classes, *[UNKNOWN] * loaded.model.rejects]
        if loaded.is_large:
            # A time series for each person would take more memory than the model.
            names, self._others = [UNKNOWN] * loaded.model.rejects, self._predictions.labels("")
        self._by_identity = {name: self._predictions.labels(name) for name in names}
        self._current = loaded


def exposition() -> bytes:
    """Return the counts of all workers in Prometheus' text format."""
    registry = REGISTRY
    if SHARED in os.environ:
        registry = CollectorRegistry()
        registry.register(SharedCollector(Path(os.environ[SHARED])))
    text: bytes = generate_latest(registry)
    return text
