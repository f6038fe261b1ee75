"""The app with a backend and an endpoint that need neither ZenML nor a model."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import uvicorn
from nicegui.slot import Slot
from numpy.typing import NDArray
from PIL import Image

from app.backend import Backend
from app.comparison import Difference, VersionComparison
from app.gallery import Gallery
from app.labelling import FaceToLabel
from app.person_info import PersonInfo
from app.security import Guard
from app.server import create_app
from app.version_info import VersionInfo
from benchmarks.scenes import PlacedFace, cluttered_background, paste_face
from components.deployers.endpoint import Endpoint, EndpointStatus, State
from faces.data.dataset import Faces
from faces.errors import UserError
from scripts.chromium import Browser, chromium
from scripts.chromium_page import Page
from store.approvals import Approval
from store.deployments import DecisionEntry
from store.label_reviews import QuarantinedFace
from tests.conftest import mean_face_model, running
from tests.integration.serving.conftest import free_port

THRESHOLD = 0.7
HEADERS, FEEDBACK_HEADERS = ({"Authorization": f"Bearer {word}"} for word in ("ask", "tell"))
"""What the endpoint wants, as one that a cluster serves."""
TOKEN = "a token of sixteen characters"
HOST = "faces.example"
"""The browser takes this name for this machine."""
METRICS = """\
faces_requests_total{code="200"} 90.0
faces_requests_total{code="503"} 2.0
faces_latency_seconds_bucket{kind="predict",le="0.001"} 30.0
faces_latency_seconds_bucket{kind="predict",le="0.005"} 40.0
faces_latency_seconds_bucket{kind="predict",le="+Inf"} 40.0
faces_latency_seconds_count{kind="predict"} 40.0
faces_latency_seconds_sum{kind="predict"} 0.08
faces_latency_seconds_count{kind="feedback"} 7.0
faces_predictions_total{person="ada"} 30.0
faces_predictions_total{person="unknown"} 10.0
"""


class FakeBackend(Backend):
    """Serves a gallery, and an endpoint that answers with the most similar enrolled image."""

    def __init__(self, url: str, gallery: Gallery) -> None:
        self.url, self.images = url, gallery
        self.unlabelled: list[FaceToLabel] = []
        self.in_quarantine: list[QuarantinedFace] = []
        self.reviews: list[tuple[str, str]] = []
        self.waiting: list[Approval] = []
        self.registered: list[VersionInfo] = []
        self.promoted: list[int] = []
        self.decided: list[DecisionEntry] = []
        self.state = State.RUNNING

    def endpoint(self) -> Endpoint:
        return Endpoint(self.url, "1", HEADERS, FEEDBACK_HEADERS)

    def gallery(self, version: str) -> Gallery | None:
        return self.images

    def approvals(self) -> list[Approval]:
        return self.waiting

    def quarantined(self) -> list[QuarantinedFace]:
        return self.in_quarantine

    def quarantined_images(self, faces: Sequence[QuarantinedFace]) -> dict[str, np.ndarray]:
        return {face.id: self.images.samples.images[0] for face in faces}

    def faces_to_label(self) -> list[FaceToLabel]:
        return self.unlabelled

    def status(self) -> EndpointStatus:
        detail = "" if self.state == State.RUNNING else "it has crashed"
        return EndpointStatus(self.endpoint(), self.state, detail, datetime.now(UTC), "")

    def people(self) -> list[PersonInfo]:
        enrolled = self.images.enrolled
        return [
            PersonInfo(name, 6, enrolled.images[6 * number], 2, 1 + number % 2)
            for number, name in enumerate(enrolled.identities)
        ]

    def versions(self) -> list[VersionInfo]:
        return self.registered

    def model_card(self, number: int) -> str:
        if number > len(self.registered):
            raise UserError(f"version {number} was deleted")
        return f"<h1>Model card of version {number}</h1>"

    def decisions(self) -> list[DecisionEntry]:
        return self.decided

    def compare(
        self, first: int, second: int
    ) -> tuple[VersionComparison, dict[int, NDArray[np.float32]]]:
        found = VersionComparison(20, 18, 17, (Difference(0, "ada", "ada", "eve"),))
        return found, {0: self.images.samples.images[0]}

    def promote(self, number: int) -> None:
        self.promoted.append(number)

    def review(self, label: str, answer: str) -> None:
        self.reviews.append((label, answer))


class FakeEndpoint(BaseHTTPRequestHandler):
    images: Gallery
    feedback: list[tuple[str, str]]

    def do_POST(self) -> None:
        feedback = self.path.endswith("/feedback")
        expected = FEEDBACK_HEADERS if feedback else HEADERS
        if self.headers["Authorization"] != expected["Authorization"]:
            self.send_error(401)
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if feedback:
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

    def do_GET(self) -> None:
        if self.headers["Authorization"] != HEADERS["Authorization"]:
            self.send_error(401)
            return
        data = METRICS.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

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
    guarded_url: str
    """Another address, on which `TOKEN` is needed."""
    backend: FakeBackend
    feedback: list[tuple[str, str]] = field(default_factory=list)


def eventually(condition: Callable[[], bool], seconds: float = 15) -> bool:
    """Wait until something is true in this process."""
    deadline = time.monotonic() + seconds
    while not (fulfilled := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return fulfilled


@pytest.fixture(scope="session")
def app(drawn: Faces) -> Iterator[RunningApp]:
    """The app on a free port: one for all tests, since the pages allow one in a process."""
    rows = np.arange(len(drawn))
    enrolled, samples = drawn[rows[rows % 8 < 6]], drawn[rows[rows % 8 >= 6]]
    gallery = Gallery("1", enrolled, samples, mean_face_model(enrolled), "svm")
    FakeEndpoint.images, FakeEndpoint.feedback = gallery, []
    with keep_slots(), running(HTTPServer(("127.0.0.1", 0), FakeEndpoint)) as endpoint:
        backend = FakeBackend(endpoint, gallery)
        app = create_app(backend)
        with served(Guard(app, None)) as port, served(Guard(app, TOKEN)) as guarded:
            yield RunningApp(
                f"http://127.0.0.1:{port}", f"http://{HOST}:{guarded}", backend,
                FakeEndpoint.feedback,
            )  # fmt: skip


@contextmanager
def keep_slots() -> Iterator[None]:
    """Two servers have two event loops; NiceGUI would drop what it knows of the other's tasks."""

    async def keep() -> None:
        """Drop nothing."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Slot, "prune_stacks", keep)
        yield


@contextmanager
def served(app: Guard) -> Iterator[int]:
    """Serve an app on a free port of this machine within the block."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = Thread(target=server.run)
    thread.start()
    assert eventually(lambda: server.started)
    yield port
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def photo(drawn: Faces, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people before a cluttered wall."""
    scene = cluttered_background(np.random.default_rng(2), (480, 800))
    for x, row in ((200, 0), (580, 40)):
        scene = paste_face(scene, drawn.images[row], PlacedFace(x, 240, 220, 5))
    file = tmp_path_factory.mktemp("photo") / "photo.jpg"
    Image.fromarray(np.asarray(scene * 255, np.uint8)).save(file)
    return file


@pytest.fixture(scope="session")
def browser(photo: Path) -> Iterator[Browser]:
    """Chromium, whose camera films the photo."""
    film = photo.with_suffix(".mjpeg")
    film.write_bytes(photo.read_bytes())
    camera = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    with chromium((*camera, f"--host-resolver-rules=MAP {HOST} 127.0.0.1")) as running:
        yield running


@pytest.fixture
def page(browser: Browser, app: RunningApp) -> Iterator[Page]:
    """A tab; afterwards, no request of it may have left this machine."""
    with browser.page() as page:
        page.emulate(1200, 900)
        yield page
        assert {urlsplit(url).netloc for url in page.requests} == {urlsplit(app.url).netloc}
