"""A real server on a free port, as the deployer starts it."""

import socket
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from components.deployers.seldon_local import process
from components.deployers.settings import ServingSettings
from faces.data.dataset import Faces
from faces.models import build_model
from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features
from faces.runtime.portable import PortableModel, file_hash, write_portable
from serving.settings import ServerSettings, install_model, log_file, write_settings
from serving.tokens import Tokens

InstallVersion = Callable[[Path, int], str]
Start = Callable[..., ServerSettings]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server_settings(folder: Path | str, **values: Any) -> ServerSettings:
    """A server's settings: the deployers' defaults, but for `values`, which may break limits."""
    defaults = ServingSettings().for_server("faces-under-test", str(folder))
    return replace(defaults, **values)


@pytest.fixture(scope="session")
def fitted(drawn: Faces) -> Pipeline:
    """A model of twelve synthetic people, trained on half of their images."""
    model, half = build_model("svm", components=20), drawn[np.arange(0, len(drawn), 2)]
    features = fit_features(model, half.pixels, half.labels)
    return fit_classifier(model, features, half.pixels, half.labels)


@pytest.fixture(scope="session")
def portable(fitted: Pipeline) -> PortableModel:
    return export_model(fitted, {"data_version": "abc", "data_source": "synthetic"})


@pytest.fixture(scope="session")
def install_version(portable: PortableModel) -> InstallVersion:
    """Install that model under a version in a server's folder; returns the file's hash."""
    data = write_portable(portable)

    def install(folder: Path, version: int) -> str:
        install_model(folder, str(version), data, file_hash(data))
        return file_hash(data)

    return install


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, portable: PortableModel) -> Iterator[Start]:
    """Start a server with version 1 of a model; it is stopped after the module's tests."""
    folders: list[Path] = []

    def start_server(
        tokens: Tokens | None = None, model: PortableModel = portable, **values: Any
    ) -> ServerSettings:
        folder = tmp_path_factory.mktemp("server")
        folders.append(folder)
        settings = server_settings(folder, port=free_port(), **values)
        write_settings(settings)
        data = write_portable(model)
        install_model(folder, "1", data, file_hash(data))
        process.start(settings, tokens)
        return settings

    yield start_server
    with ThreadPoolExecutor() as threads:
        deque(threads.map(process.stop, folders), maxlen=0)
    for folder in folders:
        print(log_file(folder).read_text())


@pytest.fixture(scope="module")
def server(start: Start) -> ServerSettings:
    """One server for all tests of a module that only send requests."""
    return start()


@pytest.fixture
def face(drawn: Faces) -> list[float]:
    """One face, as a client would send it."""
    return drawn.pixels[1].astype(float).tolist()
