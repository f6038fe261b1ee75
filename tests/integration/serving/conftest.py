"""A real server on a free port, as the deployer starts it."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from components.deployers.seldon_local import process
from faces.data.dataset import Faces
from faces.models import build_model
from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features
from faces.runtime.portable import file_hash, stamped, write_portable
from serving.settings import ServerSettings, install_model, write_settings

Start = Callable[..., ServerSettings]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def fitted(drawn: Faces) -> Pipeline:
    """A model of twelve invented people, trained on half of their images."""
    model, half = build_model("svm", components=20), drawn[np.arange(0, len(drawn), 2)]
    features = fit_features(model, half.pixels, half.labels)
    return fit_classifier(model, features, half.pixels, half.labels)


@pytest.fixture(scope="session")
def put(fitted: Pipeline) -> Callable[[Path, int], str]:
    """Put a version of that model into a server's folder; gives its hash."""
    portable = export_model(fitted, {"data_version": "abc", "data_source": "synthetic"})

    def put_version(folder: Path, version: int) -> str:
        data = write_portable(stamped(portable, version))
        install_model(folder, str(version), data, file_hash(data))
        return file_hash(data)

    return put_version


@pytest.fixture(scope="module")
def start(
    tmp_path_factory: pytest.TempPathFactory, put: Callable[[Path, int], str]
) -> Iterator[Start]:
    """Start a server on version 1; it is stopped when the module's tests are done."""
    folders: list[Path] = []

    def start_server(token: str | None = None, **given: object) -> ServerSettings:
        folder = tmp_path_factory.mktemp("server")
        folders.append(folder)
        settings = ServerSettings("faces-under-test", str(folder), port=free_port())
        settings = replace(settings, **given)  # type: ignore[arg-type]
        write_settings(settings)
        put(folder, 1)
        process.start(settings, token)
        return settings

    yield start_server
    for folder in folders:
        process.stop(folder)
        print(process.log_file(folder).read_text())


@pytest.fixture(scope="module")
def server(start: Start) -> ServerSettings:
    """One server for all tests of a module that only ask it."""
    return start()


@pytest.fixture
def face(drawn: Faces) -> list[float]:
    """One face, as a client would send it."""
    return drawn.pixels[1].astype(float).tolist()
