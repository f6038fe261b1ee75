"""Send faces to the endpoint over HTTP, as production would, with feedback."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from itertools import cycle, islice
from typing import Annotated

import numpy as np
from zenml import step

from components.deployers.base import active_deployer
from faces.client import send_faces, send_feedback
from faces.data.corruptions import corrupt
from faces.data.dataset import Faces
from faces.data.traffic import TrafficSummary, traffic_rows
from faces.errors import OperationError
from steps.progress import report_progress
from steps.promotion.gate_evidence import learned_ids
from store.materializers import RECORD
from store.run_metadata import describe_run
from store.versions import load_artifact, require_version

MAX_FIRST_FAILURES = 3
"""If the first requests all fail, the endpoint is down and nothing more is sent."""


@step(enable_cache=False, output_materializers={"traffic": RECORD})
def send_traffic(
    condition: str, requests: int, corruption: str, feedback: float, delay: float, seed: int
) -> Annotated[TrafficSummary, "traffic"]:
    """Send held-out faces that match a condition to the endpoint, one per request.

    Args:
        condition: Condition of the faces to send, such as "yaw=left,right".
        requests: Number of requests. If there are fewer images, images are repeated.
        corruption: Corruption to apply to the images, such as "blur"; "" for none.
        feedback: Share of the answered requests that are followed by the true label, in [0, 1].
        delay: Seconds between a request and its feedback.
        seed: Seed of the order of the images, the corruption and the choice of feedback.

    Returns:
        Numbers of requests, failures and labels, and the accuracy.

    Raises:
        UserError: If nothing is deployed, no held-out face matches the condition, or there is no
            token for feedback.
        OperationError: If the endpoint does not respond.
    """
    endpoint = active_deployer().endpoint()
    images, labels = _held_out(int(endpoint.version), condition, corruption, seed)
    headers = endpoint.require_feedback_headers() if feedback else {}
    queue = FeedbackQueue(endpoint.url, headers, delay)
    rng = np.random.default_rng(seed)
    correct = failed = 0
    for number, row in enumerate(islice(cycle(range(len(labels))), requests)):
        report_progress("sending faces", number, requests)
        label = str(labels[row])
        try:
            prediction = send_faces(
                endpoint.url, images[row].reshape(1, -1), headers=endpoint.headers
            )
        except OperationError:
            failed += 1
            if failed == number + 1 >= MAX_FIRST_FAILURES:
                raise
            continue
        correct += prediction.predicted[0] == label
        if rng.random() < feedback:
            queue.add(prediction.request, label)
        queue.send_due()
    queue.send_all()
    answered = requests - failed
    summary = TrafficSummary(
        condition=condition,
        corruption=corruption or None,
        requests=requests,
        images=min(requests, len(labels)),
        failed=failed,
        feedback=queue.sent,
        accuracy=correct / answered if answered else None,
        model_version=endpoint.version,
    )
    describe_run("traffic", asdict(summary))
    return summary


def _held_out(
    number: int, condition: str, corruption: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    version = require_version(number)
    faces: Faces = load_artifact(version, "faces")
    rows = traffic_rows(faces, load_artifact(version, "split"), condition, seed)
    if beside := active_deployer().beside():
        rows = rows[~np.isin(faces.ids[rows], learned_ids(require_version(int(beside))))]
    images = faces.images[rows]
    return (corrupt(corruption, images, seed) if corruption else images), faces.labels[rows]


class FeedbackQueue:
    """Labels of earlier requests that are sent some seconds later."""

    def __init__(self, url: str, headers: Mapping[str, str], delay: float) -> None:
        self.url, self.headers, self.delay, self.sent = url, headers, delay, 0
        self.waiting: deque[tuple[float, str, str]] = deque()

    def add(self, request: str, label: str) -> None:
        """Put a label into the queue.

        Args:
            request: Id of the request that the label is about.
            label: The true identity of its face.
        """
        self.waiting.append((time.monotonic() + self.delay, request, label))

    def send_due(self) -> None:
        """Send what has waited long enough."""
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            _, request, label = self.waiting.popleft()
            send_feedback(self.url, request, [label], headers=self.headers)
            self.sent += 1

    def send_all(self) -> None:
        """Wait until everything is sent."""
        while self.waiting:
            time.sleep(max(0.0, self.waiting[0][0] - time.monotonic()))
            self.send_due()
