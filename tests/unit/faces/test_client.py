"""The client's reading of an endpoint's answers; tests/integration/serving has a real endpoint."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import numpy as np
import pytest

from faces.client import count_faces, send_faces, send_feedback
from faces.errors import OperationError
from tests.conftest import running

ANSWER = {
    "data": {"names": ["ada", "bob"], "ndarray": [[0.25, 0.75], [0.5, 0.5]]},
    "meta": {
        "puid": "r1",
        "tags": {
            "model_version": "3",
            "person": ["bob", "unknown"],
            "score": [2.5, 0.5],
            "rejection_threshold": 1.5,
        },
    },
}


class FakeEndpoint(BaseHTTPRequestHandler):
    """Returns `response` to everything, and records what it received."""

    response: ClassVar[tuple[int, str]] = (200, "")
    received: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append({"path": self.path, "message": json.loads(body)})
        self.do_GET()

    def do_GET(self) -> None:
        code, text = self.response
        self.send_response(code)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    FakeEndpoint.received.clear()
    with running(HTTPServer(("127.0.0.1", 0), FakeEndpoint)) as url:
        yield url


def test_a_prediction_has_classes_identities_probabilities_version_and_id(url: str) -> None:
    FakeEndpoint.response = (200, json.dumps(ANSWER))
    answer = send_faces(url, np.zeros((2, 4096)), request="r1")
    assert answer.classes == ["ada", "bob"]
    assert answer.predicted == ["bob", "unknown"]
    assert np.array_equal(answer.probabilities, [[0.25, 0.75], [0.5, 0.5]])
    assert np.array_equal(answer.scores, [2.5, 0.5])
    assert answer.rejection_threshold == 1.5
    assert (answer.version, answer.request) == ("3", "r1")
    (received,) = FakeEndpoint.received
    assert received["message"]["meta"] == {"puid": "r1"}


def test_feedback_names_the_request_and_the_label_of_each_face(url: str) -> None:
    FakeEndpoint.response = (200, "{}")
    send_feedback(url, "r1", ["bob", "cleo"])
    assert FakeEndpoint.received == [
        {
            "path": "/api/v1.0/feedback",
            "message": {
                "response": {"meta": {"puid": "r1"}},
                "truth": {"data": {"ndarray": ["bob", "cleo"]}},
            },
        }
    ]


def test_faces_are_counted_from_the_metrics(url: str) -> None:
    FakeEndpoint.response = (200, "other 1.0\nfaces_confidence_count 12.0\n")
    assert count_faces(url) == 12
    FakeEndpoint.response = (200, "other 1.0\n")
    assert count_faces(url) == 0
    FakeEndpoint.response = (503, "faces_confidence_count 12.0\n")
    assert count_faces(url) == 0


@pytest.mark.parametrize(
    ("response", "message"),
    [
        ((400, '{"status": {"info": "data: wrong"}}'), "returned 400: data: wrong"),
        ((502, "<html>bad gateway</html>"), "returned 502: <html>bad gateway"),
    ],
)
def test_the_error_contains_the_endpoints_reason(
    url: str, response: tuple[int, str], message: str
) -> None:
    FakeEndpoint.response = response
    with pytest.raises(OperationError, match=message):
        send_faces(url, np.zeros((1, 4096)))
