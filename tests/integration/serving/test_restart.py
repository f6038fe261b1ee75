"""The code that a running server must be restarted for: exactly what it imports."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from components.deployers.seldon_local import environment, process
from serving.settings import ServerSettings, log_file
from store import code_hash
from tests.integration.serving.conftest import InstallVersion, free_port, server_settings


def forget_hashes() -> None:
    """Hash files again: a process reads each source file only once."""
    code_hash.code_hash.cache_clear()
    code_hash._imports.cache_clear()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the packages `faces` and `serving`, from which servers are started."""
    root = tmp_path / "repository"
    for package in ("faces", "serving"):
        shutil.copytree(environment.ROOT / package, root / package)
    monkeypatch.setattr(code_hash, "ROOT", root)
    monkeypatch.setattr(process, "ROOT", root)
    forget_hashes()
    yield root
    forget_hashes()


@pytest.fixture
def settings(
    repository: Path, tmp_path: Path, install_version: InstallVersion
) -> Iterator[ServerSettings]:
    """The settings of a server that runs the code of `repository`."""
    settings = server_settings(tmp_path / "server", port=free_port())
    install_version(tmp_path / "server", 1)
    process.ensure_running(settings, None)
    yield settings
    process.stop(Path(settings.folder))


def change(file: Path, code: str) -> None:
    file.write_text(f"{file.read_text()}\n{code}\n")
    forget_hashes()


def served_process(settings: ServerSettings) -> int:
    server = process.running(Path(settings.folder))
    assert server is not None
    assert process.is_responding(settings)
    return server.pid


@pytest.mark.parametrize(
    "file",
    [
        "faces/reports/plots.py",
        "faces/client.py",
        "faces/models/__init__.py",
        "serving/container.py",
    ],
)
def test_code_that_the_server_does_not_import_needs_no_restart(
    repository: Path, settings: ServerSettings, file: str
) -> None:
    before = served_process(settings)
    change(repository / file, "# a comment")
    assert process.is_up_to_date(settings, None)
    process.ensure_running(settings, None)
    assert served_process(settings) == before


@pytest.mark.parametrize(
    "file",
    [
        "faces/runtime/lbp.py",
        "faces/runtime/operators.py",
        "faces/runtime/image.py",
        "serving/worker.py",
        "serving/capture/retention.py",
    ],
)
def test_code_that_the_server_imports_needs_a_restart(
    repository: Path, settings: ServerSettings, file: str
) -> None:
    before = served_process(settings)
    change(repository / file, "# a comment")
    assert not process.is_up_to_date(settings, None)
    process.ensure_running(settings, None)
    assert served_process(settings) != before
    assert process.is_up_to_date(settings, None)


def test_a_restarted_server_runs_the_changed_code(
    repository: Path, settings: ServerSettings
) -> None:
    message = {"data": {"ndarray": [[0.5] * 4096]}}
    url = f"{settings.url}/api/v1.0/predictions"
    before = requests.post(url, json=message, timeout=5).json()["data"]["ndarray"]
    change(
        repository / "faces" / "runtime" / "operators.py",
        "OPERATORS = {**OPERATORS, 'softmax': lambda values, arrays: np.zeros_like(values)}",
    )
    process.ensure_running(settings, None)
    after = requests.post(url, json=message, timeout=5).json()["data"]["ndarray"]
    assert any(before[0])
    assert not any(after[0])


def test_an_unexpected_error_is_a_500_without_details(
    repository: Path, settings: ServerSettings
) -> None:
    change(repository / "serving" / "model.py", "FaceModel.predict_raw = lambda *_: 1 / 0")
    process.ensure_running(settings, None)
    message = {"data": {"ndarray": [[0.5] * 4096]}}
    response = requests.post(f"{settings.url}/api/v1.0/predictions", json=message, timeout=5)
    assert response.status_code == 500
    assert response.json()["status"]["info"] == "see the server's log"
    assert "ZeroDivisionError" in log_file(Path(settings.folder)).read_text()
