"""Send faces to the endpoint over HTTP, as production would, and tell it who they were."""

import time
from collections import deque
from itertools import cycle, islice
from typing import Annotated, Any

import numpy as np
from zenml import step

from components.deployers.base import Endpoint, active_deployer
from faces.client import send_faces, send_feedback
from faces.data.corruptions import corrupt
from faces.data.dataset import Faces
from faces.data.traffic import traffic_rows
from faces.errors import OperationError
from steps.progress import report_progress
from store.production import require_live
from store.versions import load_artifact


@step(enable_cache=False)
def send_traffic(
    condition: str, requests: int, corruption: str, feedback: float, delay: float, seed: int
) -> Annotated[dict[str, Any], "traffic"]:
    """Send held-out faces that match `condition`, one a request, and count what came of it.

    Of a share `feedback` of the requests the truth follows, `delay` seconds later. If there are
    fewer images than requests, they come again. Raises OperationError if the endpoint does not answer.
    """
    endpoint = active_deployer().endpoint()
    version = require_live()
    faces: Faces = load_artifact(version, "faces")
    rows = traffic_rows(faces, load_artifact(version, "split"), condition, seed)
    images = faces.images[rows]
    if corruption:
        images = corrupt(corruption, images, seed)
    truths = FeedbackQueue(endpoint, delay)
    rng = np.random.default_rng(seed)
    right = failed = 0
    for number, at in enumerate(islice(cycle(range(len(rows))), requests)):
        report_progress("sending faces", number, requests)
        name = str(faces.labels[rows[at]])
        try:
            answer = send_faces(endpoint.url, images[at].reshape(1, -1), headers=endpoint.headers)
        except OperationError:
            failed += 1
            if failed == number + 1 >= 3:
                raise
            continue
        right += answer.classes[int(answer.probabilities[0].argmax())] == name
        if rng.random() < feedback:
            truths.add(answer.request, name)
        truths.send_due()
    truths.send_all()
    answered = requests - failed
    return {
        "condition": condition,
        "corruption": corruption or None,
        "requests": requests,
        "images": min(requests, len(rows)),
        "failed": failed,
        "feedback": truths.sent,
        "accuracy": right / answered if answered else None,
        "model_version": endpoint.version,
    }


class FeedbackQueue:
    """Who was on earlier requests, told some seconds later."""

    def __init__(self, endpoint: Endpoint, delay: float) -> None:
        self.endpoint, self.delay, self.sent = endpoint, delay, 0
        self.waiting: deque[tuple[float, str, str]] = deque()

    def add(self, request: str, name: str) -> None:
        """Remember who it was."""
        self.waiting.append((time.monotonic() + self.delay, request, name))

    def send_due(self) -> None:
        """Tell what has waited long enough."""
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            _, request, name = self.waiting.popleft()
            send_feedback(self.endpoint.url, request, [name], headers=self.endpoint.headers)
            self.sent += 1

    def send_all(self) -> None:
        """Wait for the rest, and tell it."""
        while self.waiting:
            time.sleep(max(0.0, self.waiting[0][0] - time.monotonic()))
            self.send_due()
