"""Everything that the gcp stack needs, started once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import pytest

from faces.client import send_faces
from faces.data.dataset import load_faces
from faces.runtime.capture_format import VERIFICATION
from tests.conftest import run_pipeline

collect_ignore_glob = [] if find_spec("gcp_storage_emulator") else ["test_*.py"]
"""These tests have their own environment: make test-gcp."""

Run = Callable[..., dict[str, Any]]
DEPLOYMENT = "capture: {rotate_seconds: 5}"


@contextmanager
def clients(cloud: Any, number: int = 2) -> Iterator[list[str]]:
    """Send requests without a pause; yields the errors."""
    failed: list[str] = []
    finished = threading.Event()
    pixels = load_faces("synthetic", people=1, images=1).pixels
    headers = {"Authorization": f"Bearer {cloud.token}"}

    def send() -> None:
        while not finished.is_set():
            try:
                send_faces(url(cloud), pixels, headers=headers, request=f"{VERIFICATION}load")
            except Exception as error:
                failed.append(str(error))
            time.sleep(0.1)

    threads = [threading.Thread(target=send) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield failed
    finally:
        finished.set()
        for thread in threads:
            thread.join()


def url(cloud: Any) -> str:
    return f"{cloud.kubernetes.url}/seldon/faces/face-recognizer"


@pytest.fixture(scope="session")
def cloud() -> Iterator[Any]:
    """Start everything; it takes half a minute."""
    from tests.gcp.cloud import cloud as started
    from tests.gcp.cloud import missing

    if reason := missing():
        pytest.exit(f"error: make test-gcp {reason}", returncode=2)
    with started() as running:
        yield running


@pytest.fixture(scope="session")
def run(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a pipeline as run.py does, on the gcp stack by default."""

    def run_here(pipeline: str, text: str = "", stack: str = "gcp", **args: Any) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("config")
        return run_pipeline(folder, pipeline, text, stack=stack, **args)

    return run_here


@pytest.fixture(scope="session")
def trained(run: Run) -> dict[str, Any]:
    return run("training", data="olivetti")


@pytest.fixture(scope="session")
def live(cloud: Any, run: Run, trained: dict[str, Any]) -> dict[str, Any]:
    return run("deployment", DEPLOYMENT)
