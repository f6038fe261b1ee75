import json
import os
from pathlib import Path

import pytest
from zenml.enums import ServiceState

from components.deployers.base import NOTHING_DEPLOYED
from components.deployers.common import service_state
from components.deployers.endpoint import State
from components.deployers.seldon_local import process
from components.deployers.seldon_local.status import read_status
from components.deployers.settings import EndpointSettings, ServingSettings
from faces.errors import OperationError, UserError
from serving.process_lock import acquire
from serving.settings import current_file, log_file, write_settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a server that serves version 3 and was never started."""
    serving = ServingSettings(endpoint=EndpointSettings(port=1))
    write_settings(serving.for_server("face-recognizer", str(tmp_path)))
    current_file(tmp_path).write_text(json.dumps({"version": "3"}))
    return tmp_path


def start(folder: Path) -> None:
    """Write the record of a started server."""
    (folder / "process.json").write_text(json.dumps({"fingerprint": ""}))


def test_before_the_first_deployment_there_is_no_status(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=NOTHING_DEPLOYED):
        read_status(tmp_path)
    assert service_state(lambda: read_status(tmp_path)) == (ServiceState.INACTIVE, "")


def test_a_stopped_server_is_no_failure(folder: Path) -> None:
    status = read_status(folder)
    assert (status.state, status.detail, status.since) == (State.STOPPED, "", None)
    assert (status.endpoint.url, status.endpoint.version) == ("http://127.0.0.1:1", "3")
    assert status.logs == str(log_file(folder))


def test_a_crashed_server_shows_the_last_line_of_its_log(folder: Path) -> None:
    start(folder)
    log_file(folder).write_text("fine\nout of memory\n\n")
    status = read_status(folder)
    assert status.state == State.FAILED
    assert status.detail.endswith("its last log line: out of memory")
    assert status.since is None


def test_a_server_that_does_not_respond_has_failed(folder: Path) -> None:
    start(folder)
    acquire(folder)
    status = read_status(folder)
    assert (status.state, status.since is None) == (State.FAILED, False)
    assert status.detail == f"process {os.getpid()} does not respond at http://127.0.0.1:1"


def test_a_running_server_names_its_process_and_a_refused_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(folder)
    acquire(folder)
    tags: dict[str, str] = {}
    monkeypatch.setattr(process, "is_responding", lambda _: True)
    monkeypatch.setattr("components.deployers.seldon_local.status.health", lambda *_: tags)
    assert read_status(folder).state == State.RUNNING
    assert read_status(folder).detail == f"process {os.getpid()}"
    tags["refused"] = "damaged"
    assert read_status(folder).detail.endswith("; a newer model was refused: damaged")
    tags["reason"] = "requests cannot be captured: no space"
    assert read_status(folder).state == State.FAILED
    assert read_status(folder).detail.endswith(": requests cannot be captured: no space")


def test_a_platform_that_does_not_respond_is_an_error_of_the_service() -> None:
    def fail() -> None:
        raise OperationError("the cluster does not respond")

    state = service_state(fail)  # type: ignore[arg-type]
    assert state == (ServiceState.ERROR, "the cluster does not respond")
