"""The local server's process: occupied ports, crashes, and restarts."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from components.deployers.seldon_local import process
from components.deployers.seldon_local.environment import ROOT, ensure_environment
from components.deployers.seldon_local.server_log import last_log_line
from faces.errors import OperationError
from serving.process_lock import holder, lock_file
from serving.settings import ServerSettings, log_file, write_settings
from serving.tokens import Tokens
from tests.integration.serving.conftest import InstallVersion, free_port, server_settings


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    settings = server_settings(tmp_path, port=free_port())
    write_settings(settings)
    return settings


def test_the_error_for_an_occupied_port_names_the_process_that_uses_it(
    settings: ServerSettings,
) -> None:
    with socket.socket() as occupied:
        occupied.bind((settings.host, settings.port))
        occupied.listen()
        with pytest.raises(OperationError) as raised:
            process.start(settings, None)
    address = f"{settings.host}:{settings.port} cannot be used (Address already in use)"
    assert str(raised.value).startswith(f"{address} by ")
    assert f"process {os.getpid()}" in str(raised.value)
    assert "set endpoint.port in configs/deployment.yaml" in str(raised.value)
    assert process.running(Path(settings.folder)) is None


def test_a_failed_start_is_reported_with_the_last_log_line(settings: ServerSettings) -> None:
    with pytest.raises(OperationError, match="the server did not start: ") as raised:
        process.start(settings, None)  # there is no model
    assert last_log_line(Path(settings.folder)) in str(raised.value)
    assert process.running(Path(settings.folder)) is None
    assert not process.has_crashed(Path(settings.folder))
    assert not process.is_responding(settings)


def test_a_server_outlives_the_process_that_started_it_until_it_is_stopped(
    settings: ServerSettings, install_version: InstallVersion
) -> None:
    folder = Path(settings.folder)
    install_version(folder, 1)
    code = (
        "from components.deployers.seldon_local.process import start; from pathlib import Path; "
        "from serving.settings import read_settings; "
        f"start(read_settings(Path({str(folder)!r})), None)"
    )
    starter = subprocess.run([sys.executable, "-c", code], start_new_session=True, check=True)
    assert starter.returncode == 0
    server = process.running(folder)
    assert server is not None
    assert process.is_responding(settings)
    assert server.terminal() is None
    workers = server.children()
    process.stop(folder)
    assert process.running(folder) is None
    assert not [worker for worker in workers if worker.is_running()]
    assert "Traceback" not in log_file(folder).read_text()


def test_a_crash_is_detected_and_a_reused_process_id_is_not_mistaken_for_the_server(
    start,
) -> None:
    folder = Path(start().folder)
    server = process.running(folder)
    assert server is not None
    assert not process.has_crashed(folder)
    os.killpg(server.pid, signal.SIGKILL)
    psutil.wait_procs([server], timeout=5)
    assert process.has_crashed(folder)

    while holder(folder):  # a worker that is ending
        time.sleep(0.01)
    lock_file(folder).write_text(str(os.getpid()))  # the system has reused the process id
    assert process.running(folder) is None
    process.stop(folder)
    assert psutil.pid_exists(os.getpid())
    assert not process.has_crashed(folder)


def test_changed_settings_or_tokens_need_a_restart(start) -> None:
    tokens = Tokens("one", {"ada": "two"})
    server = start(tokens)
    assert process.is_up_to_date(server, Tokens("one", {"ada": "two"}))
    for other in (None, Tokens("one"), Tokens("one", {"bob": "two"}), Tokens("1", {"ada": "two"})):
        assert not process.is_up_to_date(server, other)
    assert not process.is_up_to_date(replace(server, max_body_bytes=20_000), tokens)


def test_tokens_are_neither_written_to_the_servers_folder_nor_in_its_command_line(start) -> None:
    folder = Path(start(Tokens("a secret token", {"ada": "a secret token for feedback"})).folder)
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if b"a secret token" in file.read_bytes()]
    server = process.running(folder)
    assert server is not None
    assert "a secret token" not in " ".join(server.cmdline())


def test_a_server_is_found_after_its_starter_was_killed_or_the_clock_was_set(start) -> None:
    server = start()
    folder = Path(server.folder)
    (folder / "process.json").unlink()  # killed between the start of the server and the record
    assert process.running(folder) is not None
    process.ensure_running(server, None)
    assert process.is_up_to_date(server, None)
    process.stop(folder)
    assert process.running(folder) is None
    assert not process.is_responding(server)


def test_workers_that_outlive_a_killed_master_are_stopped(start) -> None:
    server = start()
    folder = Path(server.folder)
    master = process.running(folder)
    assert master is not None
    workers = master.children()
    for worker in workers:
        worker.suspend()  # so that it does not notice
    master.kill()
    psutil.wait_procs([master], timeout=5)
    assert process.running(folder) is None
    for worker in workers:
        worker.resume()
    process.ensure_running(server, None)
    assert process.is_responding(server)


def test_two_servers_never_run_in_one_folder(start) -> None:
    folder = start().folder
    second = subprocess.run(
        [str(ensure_environment()), "-m", "serving.server", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert second.stderr.strip() == f"another server is running in {folder}"


def test_a_taken_port_leaves_the_running_server_alone(start) -> None:
    server = start()
    with socket.socket() as occupied:
        occupied.bind((server.host, 0))
        occupied.listen()
        port = occupied.getsockname()[1]
        with pytest.raises(OperationError, match="cannot be used"):
            process.ensure_running(replace(server, port=port), None)
    assert process.is_responding(server)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_a_server_listens_on_an_ipv6_address(start) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 address")
    assert process.is_responding(start(host="::1"))
