"""Everything that the gcp stack stands on, started once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from faces.client import send_faces
from faces.data.dataset import load_faces
from faces.runtime.capture_format import VERIFICATION

collect_ignore_glob = [] if find_spec("gcp_storage_emulator") else ["test_*.py"]
"""These tests have an environment of their own: make test-gcp."""

Run = Callable[..., dict[str, Any]]


@contextmanager
def clients(cloud: Any, number: int = 4) -> Iterator[list[str]]:
    """Ask the endpoint without a pause; gives what failed."""
    failed: list[str] = []
    over = threading.Event()
    pixels = load_faces("synthetic", people=1, images=1).pixels
    headers = {"Authorization": f"Bearer {cloud.token}"}

    def ask() -> None:
        while not over.is_set():
            try:
                send_faces(url(cloud), pixels, headers=headers, request=f"{VERIFICATION}load")
            except Exception as error:
                failed.append(str(error))
            time.sleep(0.1)

    threads = [threading.Thread(target=ask) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield failed
    finally:
        over.set()
        for thread in threads:
            thread.join()


def url(cloud: Any) -> str:
    return f"{cloud.kubernetes.url}/seldon/faces/face-recognizer"


@pytest.fixture(scope="session")
def cloud() -> Iterator[Any]:
    """Start everything; it takes half a minute."""
    from tests.gcp.cloud import cloud as started
    from tests.gcp.cloud import missing

    if told := missing():
        pytest.exit(f"error: make test-gcp {told}", returncode=2)
    with started() as running:
        yield running


@pytest.fixture(scope="session")
def run(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a pipeline as run.py does, on the gcp stack unless another is named."""
    from cli.runner import run_pipeline
    from cli.settings import read_settings

    def run_here(pipeline: str, text: str = "", stack: str = "gcp", **given: Any) -> dict[str, Any]:
        config: Path = tmp_path_factory.mktemp("config") / "config.yaml"
        config.write_text(text)
        settings = read_settings(pipeline, config, given)
        return run_pipeline(pipeline, settings, stack, True, Console(file=StringIO()))

    return run_here
