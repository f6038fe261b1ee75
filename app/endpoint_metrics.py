"""What the endpoint counts: requests, latency, and the share of unknown faces."""

import re
from dataclasses import dataclass

import requests

from components.deployers.endpoint import Endpoint
from faces.client import METRICS_PATH
from faces.errors import OperationError
from faces.runtime.portable import UNKNOWN

LINE = re.compile(r'^(faces_\w+)\{(?:\w+="([^"]*)")(?:,le="([^"]*)")?\} (\S+)$', re.MULTILINE)
TIMEOUT_SECONDS = 5


@dataclass(frozen=True)
class EndpointMetrics:
    """Counts since the endpoint was started.

    Attributes:
        requests: Answered requests of any kind.
        failed: Those with a status of 500 or more.
        faces: Recognised faces.
        unknown: Faces that were rejected as unknown.
        latency: Mean duration of a prediction in milliseconds; None before the first.
        slow: Duration in milliseconds that 99 % of predictions do not exceed, as far as the
            buckets tell; None before the first.
    """

    requests: int
    failed: int
    faces: int
    unknown: int
    latency: float | None
    slow: float | None


def read_metrics(endpoint: Endpoint) -> EndpointMetrics:
    """Ask the endpoint for its metrics.

    Args:
        endpoint: The endpoint.

    Returns:
        The counts.

    Raises:
        OperationError: If it does not answer.
    """
    url = endpoint.url + METRICS_PATH
    try:
        response = requests.get(url, headers=dict(endpoint.headers), timeout=TIMEOUT_SECONDS)
        response.raise_for_status()
    except requests.RequestException as error:
        raise OperationError(f"no endpoint responds at {url}: {type(error).__name__}") from error
    return parse_metrics(response.text)


def parse_metrics(text: str) -> EndpointMetrics:
    """Parse the metrics in Prometheus' format.

    Args:
        text: The endpoint's answer.

    Returns:
        The counts.
    """
    lines = [(name, label, le, float(value)) for name, label, le, value in LINE.findall(text)]
    codes = {label: value for name, label, _, value in lines if name == "faces_requests_total"}
    people = {label: value for name, label, _, value in lines if name == "faces_predictions_total"}
    times = {
        name.removeprefix("faces_latency_seconds_"): value
        for name, label, le, value in lines
        if name.startswith("faces_latency_seconds_") and label == "predict" and not le
    }
    count = times.get("count", 0)
    buckets = [
        (float(le), value)
        for name, label, le, value in lines
        if name == "faces_latency_seconds_bucket" and label == "predict" and le != "+Inf"
    ]
    slow = next((le for le, value in sorted(buckets) if value >= 0.99 * count), None)
    return EndpointMetrics(
        requests=int(sum(codes.values())),
        failed=int(sum(value for code, value in codes.items() if code.startswith("5"))),
        faces=int(sum(people.values())),
        unknown=int(people.get(UNKNOWN, 0)),
        latency=1000 * times["sum"] / count if count else None,
        slow=1000 * slow if count and slow else None,
    )
