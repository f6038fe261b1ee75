"""Numbers for Prometheus. Several workers share them through files, if SHARED named a folder first.

SHARED must be set before this is imported; without it the numbers are one worker's own.
"""

import os

import numpy as np
from numpy.typing import NDArray
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from serving.hot_reload import LoadedModel

SHARED = "prometheus_multiproc_dir"
LATENCY = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
CONFIDENCE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """What is counted of requests and answers."""

    def __init__(self) -> None:
        self._requests = Counter("faces_requests", "Requests by status", ["code"])
        self._latency = Histogram("faces_latency_seconds", "Seconds to answer", buckets=LATENCY)
        self._confidence = Histogram(
            "faces_confidence", "Probability of the person named", buckets=CONFIDENCE
        )
        self._people = Counter("faces_predictions", "Faces by the person named", ["person"])
        self._version = Gauge(
            "faces_model", "1 for the version served", ["version"], multiprocess_mode="livesum"
        )
        self._codes = {200: self._requests.labels("200")}
        self._shown: LoadedModel | None = None
        self._counters: list[Counter] = []

    def answered(self, code: int, seconds: float) -> None:
        """Count a request of any kind."""
        counter = self._codes.get(code)
        if counter is None:
            counter = self._codes[code] = self._requests.labels(str(code))
        counter.inc()
        self._latency.observe(seconds)

    def predicted(self, served: LoadedModel, best: NDArray[np.intp], sure: list[float]) -> None:
        """Count the faces of an answer."""
        if served is not self._shown:
            self._show(served)
        for column, confidence in zip(best.tolist(), sure, strict=True):
            self._counters[column].inc()
            self._confidence.observe(confidence)

    def _show(self, served: LoadedModel) -> None:
        if self._shown is not None:
            self._version.labels(self._shown.version).set(0)
        self._version.labels(served.version).set(1)
        self._counters = [self._people.labels(name) for name in served.classes]
        self._shown = served


def exposed() -> bytes:
    """Everything that the workers counted, as Prometheus reads it."""
    registry = REGISTRY
    if SHARED in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    text: bytes = generate_latest(registry)
    return text
