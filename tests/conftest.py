"""Faces to test with, and an isolated ZenML configuration."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from cli import runtime_env
from faces.data.dataset import Faces, load_faces
from faces.data.sources import olivetti
from faces.runtime.portable import PortableModel

runtime_env.set_defaults()


def pytest_configure() -> None:
    """If coverage is measured, measure it in servers, too."""
    if "SLIPCOVER_ENABLED" in os.environ and "COVERAGE_PACKAGES" not in os.environ:
        import slipcover

        os.environ["COVERAGE_PACKAGES"] = str(Path(slipcover.__file__).parents[1])
        folders = [str(Path(__file__).parent / "coverage_startup"), os.environ.get("PYTHONPATH")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, folders))


def real_faces_are_here() -> bool:
    return olivetti.cache_file().exists()


needs_real_faces = pytest.mark.skipif(
    not real_faces_are_here(), reason="the Olivetti faces are not in SCIKIT_LEARN_DATA"
)


@pytest.fixture(scope="session")
def drawn() -> Faces:
    """Twelve synthetic people, eight images each."""
    return load_faces("synthetic", people=12, images=8)


def mean_face_model(faces: Faces) -> PortableModel:
    """A linear model: faces are compared with the mean face of each person."""
    means = np.stack([faces.pixels[faces.labels == n].mean(axis=0) for n in faces.identities])
    offset = np.zeros(len(means), np.float32)
    operators = [("affine", {"weights": means.T, "offset": offset}), ("softmax", {})]
    return PortableModel(operators, np.array(faces.identities), {})


@pytest.fixture(scope="session")
def real() -> Faces:
    """The Olivetti faces."""
    return load_faces("olivetti")


@pytest.fixture(scope="session")
def people_folder(tmp_path_factory: pytest.TempPathFactory, drawn: Faces) -> Path:
    """Four people as image files, with conditions.csv."""
    from PIL import Image

    root = tmp_path_factory.mktemp("people")
    rows = ["file,yaw"]
    for row in np.flatnonzero(np.isin(drawn.labels, drawn.identities[:4])):
        person = root / drawn.labels[row]
        person.mkdir(exist_ok=True)
        name = f"{row}.png"
        Image.fromarray((drawn.images[row] * 255).round().astype(np.uint8)).save(person / name)
        rows.append(f"{person.name}/{name},{drawn.conditions['yaw'][row]}")
    (root / "conditions.csv").write_text("\n".join(rows) + "\n")
    return root


@contextmanager
def running(server: HTTPServer) -> Iterator[str]:
    """Run a server in a thread within the block; yields its address."""
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def isolated_zenml(home: Path) -> Iterator[Path]:
    """Use an isolated ZenML configuration within the block."""
    previous = dict(os.environ)
    os.environ["ZENML_CONFIG_PATH"] = str(home)
    os.environ.pop("ZENML_ACTIVE_STACK_ID", None)
    from zenml.client import Client
    from zenml.config.global_config import GlobalConfiguration

    def reset() -> None:
        GlobalConfiguration._reset_instance()
        Client._reset_instance()

    reset()
    yield home
    os.environ.clear()
    os.environ.update(previous)
    reset()


@pytest.fixture(scope="session")
def zenml_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The isolated ZenML configuration of this test session."""
    with isolated_zenml(tmp_path_factory.mktemp("zenml")) as home:
        yield home


def run_pipeline(
    folder: Path,
    pipeline: str,
    text: str = "",
    cached: bool = True,
    stack: str = "local",
    **options: Any,
) -> dict[str, Any]:
    """Run a pipeline as run.py does, with the test's own config, and return its summary."""
    from cli import runner
    from cli.settings import read_settings

    config = folder / "config.yaml"
    config.write_text(text)
    settings = read_settings(pipeline, config, options)
    console = Console(file=StringIO())
    summary = runner.run_pipeline(pipeline, settings, stack, cached, console)
    return summary.model_dump(mode="json")
