import asyncio
import signal
import socket
from pathlib import Path

import pytest

from app import commands
from app.commands import Command
from app.server import check_host, read_token
from cli.app import open_app
from faces.errors import OperationError, UserError


def test_other_machines_need_a_token() -> None:
    check_host("127.0.0.1", None)
    check_host("0.0.0.0", "a token of sixteen characters")
    with pytest.raises(UserError, match=r"--host 0\.0\.0\.0: .*add --token-file FILE"):
        check_host("0.0.0.0", None)


def test_a_token_is_read_from_a_file_and_not_too_short(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a token of sixteen characters\n")
    assert read_token(file) == "a token of sixteen characters"
    assert read_token(None) is None
    file.write_text("short\n")
    with pytest.raises(UserError, match="a token has at least 16 characters"):
        read_token(file)
    with pytest.raises(UserError, match="cannot be read: No such file"):
        read_token(tmp_path / "none")


def test_a_port_in_use_is_reported_with_another_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} .* --port {port + 1}"):
            open_app("127.0.0.1", port, None, open_browser=False)


async def output(command: Command) -> list[str]:
    return [line async for line in command.lines()]


def test_commands_yield_their_lines_and_fail_with_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "run.py"
    script.write_text("import sys\nprint('one\\n\\ntwo')\nsys.exit(sys.argv[1:] == ['fail'])")
    monkeypatch.setattr(commands, "RUN", script)
    assert asyncio.run(output(Command([]))) == ["one", "two"]
    with pytest.raises(OperationError, match="two"):
        asyncio.run(output(Command(["fail"])))


def test_a_command_can_be_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "run.py"
    script.write_text(
        "import time\ntry:\n    print('started', flush=True)\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n    print('error: stopped')\n    raise SystemExit(130)\n"
    )
    monkeypatch.setattr(commands, "RUN", script)

    async def cancel() -> None:
        command = Command([])
        async for line in command.lines():
            if line == "started":
                command.cancel()

    # As the server does. A shell lets processes in the background ignore this signal.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(OperationError, match="stopped"):
            asyncio.run(cancel())
    finally:
        signal.signal(signal.SIGINT, handler)
