"""Ports that are taken, servers that crashed, and records of servers that are none."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from components.deployers.seldon_local import process
from faces.errors import OperationError
from serving.settings import ServerSettings, write_settings
from tests.integration.serving.conftest import fitted, free_port, put, start  # noqa: F401 - fixtures


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    settings = ServerSettings("x", str(tmp_path), port=free_port())
    write_settings(settings)
    return settings


def test_a_taken_port_is_told_with_who_has_it(settings: ServerSettings) -> None:
    with socket.socket() as taken:
        taken.bind((settings.host, settings.port))
        taken.listen()
        with pytest.raises(OperationError) as told:
            process.start(settings, None)
    place = f"{settings.host}:{settings.port} cannot be used (Address already in use)"
    assert str(told.value).startswith(f"{place} by ")
    assert f"process {os.getpid()}" in str(told.value)
    assert "set endpoint.port in configs/deployment.yaml" in str(told.value)
    assert process.running(Path(settings.folder)) is None


def test_a_server_that_does_not_come_up_is_told_with_its_last_words(
    settings: ServerSettings,
) -> None:
    with pytest.raises(OperationError, match="the server did not start: "):
        process.start(settings, None)  # there is no model
    assert process.running(Path(settings.folder)) is None
    assert not process.has_crashed(Path(settings.folder))
    assert not process.is_responding(settings)


def test_it_outlives_whoever_started_it_and_stops_when_told(
    settings: ServerSettings,
    put: Callable[[Path, int], str],  # noqa: F811
) -> None:
    folder = Path(settings.folder)
    put(folder, 1)
    code = (
        "from components.deployers.seldon_local.process import start; from pathlib import Path; "
        "from serving.settings import read_settings; "
        f"start(read_settings(Path({str(folder)!r})), None)"
    )
    starter = subprocess.run([sys.executable, "-c", code], start_new_session=True, check=True)
    assert starter.returncode == 0
    found = process.running(folder)
    assert found is not None
    assert process.is_responding(settings)
    assert found.terminal() is None
    workers = found.children()
    process.stop(folder)
    assert process.running(folder) is None
    assert not [worker for worker in workers if worker.is_running()]
    assert "Traceback" not in process.log_file(folder).read_text()


def test_a_crash_is_noticed_and_nobody_else_is_taken_for_the_server(start) -> None:  # noqa: F811
    server = start()
    folder = Path(server.folder)
    found = process.running(folder)
    assert found is not None
    assert not process.has_crashed(folder)
    os.killpg(found.pid, signal.SIGKILL)
    psutil.wait_procs([found], timeout=5)
    assert process.has_crashed(folder)

    record = json.loads((folder / "process.json").read_text())
    record["pid"] = os.getpid()  # the system gave its number to another
    (folder / "process.json").write_text(json.dumps(record))
    assert process.running(folder) is None
    process.stop(folder)
    assert psutil.pid_exists(os.getpid())
    assert not process.has_crashed(folder)


def test_other_settings_token_or_code_need_a_new_start(start) -> None:  # noqa: F811
    server = start(token="one")
    assert process.up_to_date(server, "one")
    assert not process.up_to_date(server, "two")
    assert not process.up_to_date(ServerSettings("other", server.folder, port=server.port), "one")
