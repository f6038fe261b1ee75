import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.endpoint import describe_captured, format_duration, main, status_rows, systemd_unit
from components.deployers.base import NOTHING_DEPLOYED
from components.deployers.endpoint import Endpoint, EndpointStatus, State
from faces.errors import UserError

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ENDPOINT = Endpoint("http://127.0.0.1:9000", "3")
STATES = {
    State.RUNNING: EndpointStatus(ENDPOINT, State.RUNNING, "process 7", NOW, "/logs"),
    State.STOPPED: EndpointStatus(ENDPOINT, State.STOPPED, "", None, "/logs"),
    State.FAILED: EndpointStatus(ENDPOINT, State.FAILED, "it has crashed", None, "/logs"),
}


class Deployer:
    """Its endpoint can be started and stopped; in state None nothing is deployed."""

    def __init__(self, state: State | None) -> None:
        self.state = state

    def status(self) -> EndpointStatus:
        if self.state is None:
            raise UserError(NOTHING_DEPLOYED)
        return STATES[self.state]

    def start(self) -> None:
        self.status()
        self.state = State.RUNNING

    def stop(self) -> None:
        self.status()
        self.state = State.STOPPED

    def logs(self, tail: int) -> Iterator[str]:
        self.status()
        yield from [f"line {number}" for number in range(200)][-tail:]

    def captured(self) -> list[str]:
        return ["gs://faces/captured"]


def run(
    monkeypatch: pytest.MonkeyPatch, state: State | None, *arguments: str
) -> tuple[int, Deployer]:
    deployer = Deployer(state)
    monkeypatch.setattr("components.deployers.base.active_deployer", lambda: deployer)
    monkeypatch.setattr("cli.runtime_env.silence_framework_logs", lambda: None)
    return main(arguments), deployer


@pytest.mark.parametrize(
    ("state", "code"), [(State.RUNNING, 0), (State.STOPPED, 1), (State.FAILED, 1)]
)
def test_the_exit_code_says_whether_the_endpoint_is_running(
    state: State, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, state)[0] == code
    output = capsys.readouterr().out
    for part in ("http://127.0.0.1:9000/api/v1.0/predictions", "/logs", "gs://faces/captured"):
        assert part in output
    assert state in output
    assert ("endpoint --start" in output) is (code == 1)


def test_the_endpoint_is_started_and_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, deployer = run(monkeypatch, State.FAILED, "--start")
    assert (code, deployer.state) == (0, State.RUNNING)
    capsys.readouterr()
    code, deployer = run(monkeypatch, State.RUNNING, "--stop")
    assert (code, deployer.state) == (0, State.STOPPED)
    assert capsys.readouterr().out == "the endpoint at http://127.0.0.1:9000 is stopped\n"


def test_the_last_lines_of_the_log_are_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, State.STOPPED, "--logs", "2")[0] == 0
    assert capsys.readouterr().out == "line 198\nline 199\n"
    assert run(monkeypatch, State.STOPPED, "--logs")[0] == 0
    assert len(capsys.readouterr().out.splitlines()) == 100


@pytest.mark.parametrize("arguments", [[], ["--start"], ["--stop"], ["--logs"]])
def test_without_a_deployment_there_is_one_line_with_the_fix(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, None, *arguments)[0] == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"error: {NOTHING_DEPLOYED}\n")


def test_the_state_names_the_process_and_the_time() -> None:
    rows = status_rows(STATES[State.RUNNING], "7 faces", NOW + timedelta(minutes=20))
    assert rows["state"] == "[green]running[/] [dim](process 7)[/]"
    assert rows["since"] == "2026-11-25 12:00:00 UTC [dim](20 min)[/]"
    assert "since" not in status_rows(STATES[State.STOPPED], "7 faces", NOW)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (3_599, "59 min"), (7_200, "2 h"), (200_000, "2 days")],
)
def test_durations_have_one_unit(seconds: int, text: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text


def test_buckets_are_named_and_not_read() -> None:
    assert describe_captured([]) == "nothing yet"
    assert describe_captured(["nowhere", "gs://b/c"]) == "0 faces in nowhere, gs://b/c"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    folder = tmp_path / "a server"
    folder.mkdir()
    unit = tmp_path / "face-recognizer.service"
    unit.write_text(systemd_unit(folder))
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    assert f"PIDFile={folder / 'server.lock'}" in unit.read_text()


def test_a_unit_is_only_printed_for_an_endpoint_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, State.RUNNING, "--systemd")[0] == 2
    assert capsys.readouterr().err.startswith("error: the cluster starts the pods of this")
