"""The app with a backend and an endpoint that need neither ZenML nor a model."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import numpy as np
import pytest
import uvicorn

from app.backend import Backend
from app.gallery import Gallery
from app.server import create_app
from components.deployers.endpoint import Endpoint
from faces.data.dataset import Faces
from tests.conftest import running
from tests.integration.serving.conftest import free_port

THRESHOLD = 0.7


class FakeBackend(Backend):
    """Serves a gallery, and an endpoint that answers with the most similar enrolled image."""

    def __init__(self, url: str, gallery: Gallery) -> None:
        self.url, self.images = url, gallery

    def endpoint(self) -> Endpoint:
        return Endpoint(self.url, "1")

    def gallery(self, version: str) -> Gallery | None:
        return self.images


class FakeEndpoint(BaseHTTPRequestHandler):
    images: Gallery
    feedback: list[tuple[str, str]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/feedback"):
            (label,) = body["truth"]["data"]["ndarray"]
            self.feedback.append((body["response"]["meta"]["puid"], label))
            self._answer({})
            return
        pixels = np.array(body["data"]["ndarray"], np.float32).reshape(64, 64)
        best = self.images.most_similar(pixels, 1)[0]
        classes = self.images.enrolled.identities
        self._answer(
            {
                "data": {
                    "names": classes,
                    "ndarray": [[0.9 if name == best.person else 0.0 for name in classes]],
                },
                "meta": {
                    "puid": f"request-{abs(hash(pixels.tobytes()))}",
                    "tags": {
                        "model_version": "1",
                        "person": [best.person if best.similarity >= THRESHOLD else "unknown"],
                        "score": [best.similarity],
                        "rejection_threshold": THRESHOLD,
                    },
                },
            }
        )

    def _answer(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class RunningApp:
    url: str
    backend: FakeBackend
    feedback: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture(scope="session")
def app(drawn: Faces) -> Iterator[RunningApp]:
    """The app on a free port: one for all tests, since the pages allow one in a process."""
    rows = np.arange(len(drawn))
    gallery = Gallery("1", drawn[rows[rows % 8 < 6]], drawn[rows[rows % 8 >= 6]])
    FakeEndpoint.images, FakeEndpoint.feedback = gallery, []
    with running(HTTPServer(("127.0.0.1", 0), FakeEndpoint)) as endpoint:
        backend = FakeBackend(endpoint, gallery)
        port = free_port()
        config = uvicorn.Config(create_app(backend), port=port, log_level="warning")
        server = uvicorn.Server(config)
        thread = Thread(target=server.run)
        thread.start()
        yield RunningApp(f"http://127.0.0.1:{port}", backend, FakeEndpoint.feedback)
        server.should_exit = True
        thread.join()
