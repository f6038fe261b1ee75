"""Show whether the endpoint is running, start or stop it, or read its log."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from cli import runtime_env
from cli.exit_codes import exit_code
from cli.subcommand import make_parser
from serving.process_lock import lock_file

if TYPE_CHECKING:
    from components.deployers.base import FaceDeployer
    from components.deployers.endpoint import EndpointStatus

LOG_LINES = 100

UNIT = """\
[Unit]
Description=Face recognition endpoint

[Service]
Type=forking
WorkingDirectory={root}
Environment="ZENML_CONFIG_PATH={config}"
ExecStart={command} --start
ExecStop={command} --stop
PIDFile={lock}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=default.target
"""

EXAMPLES = """\
examples:
  python run.py endpoint             # address, version, state, log, captured requests
  python run.py endpoint --stop
  python run.py endpoint --start     # after --stop, or after a restart of the machine
  python run.py endpoint --logs 20   # the last 20 lines of its log; default: 100
  python run.py endpoint --systemd > ~/.config/systemd/user/face-recognizer.service

With that unit, systemd starts the endpoint with the machine, and again after a crash:
  systemctl --user enable --now face-recognizer && loginctl enable-linger

The exit code is 0 if the endpoint is running, 1 if it is not, 2 if nothing is deployed.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line; show, start or stop the endpoint, or print its log.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`; also 1 if the endpoint that is shown is not running.
    """
    parser = make_parser("endpoint", __doc__, EXAMPLES)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--start", action="store_true", help="start it, unless it is running")
    action.add_argument("--stop", action="store_true", help="stop it, if it is running")
    action.add_argument(
        "--logs", type=int, nargs="?", const=LOG_LINES, metavar="N", help="print its last log lines"
    )
    action.add_argument(
        "--systemd", action="store_true", help="print a unit that starts it with the machine"
    )
    args = parser.parse_args(arguments)
    if args.logs is not None and args.logs < 1:
        parser.error(f"--logs: the number of lines must be at least 1, not {args.logs}")
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    if args.systemd:
        return exit_code(_print_unit)
    return exit_code(lambda: _act(args.start, args.stop, args.logs))


def _print_unit() -> None:
    from components.deployers.base import active_deployer
    from components.deployers.seldon_local.deployer import SeldonLocalDeployer
    from faces.errors import UserError

    deployer = active_deployer()
    if not isinstance(deployer, SeldonLocalDeployer):
        raise UserError("the cluster starts the pods of this endpoint itself: no unit is needed")
    deployer.endpoint()
    print(systemd_unit(deployer.folder), end="")


def systemd_unit(folder: Path) -> str:
    """Write a unit of systemd for a user's endpoint.

    Args:
        folder: The server's folder.

    Returns:
        The content of the unit's file.
    """
    from zenml.config.global_config import GlobalConfiguration

    root = Path(__file__).parent.parent
    command = f'"{sys.executable}" "{root / "run.py"}" endpoint'
    return UNIT.format(
        root=root,
        config=GlobalConfiguration().config_directory,
        command=command,
        lock=lock_file(folder),
    )


def _act(start: bool, stop: bool, logs: int | None) -> int:
    from cli.console import make_console
    from components.deployers.base import active_deployer

    deployer = active_deployer()
    if logs is not None:
        for line in deployer.logs(logs):
            print(line)
        return 0
    with make_console(stderr=True).status("checking the endpoint …"):
        if start:
            deployer.start()
        if stop:
            deployer.stop()
        status = deployer.status()
    if stop:
        print(f"the endpoint at {status.endpoint.url} is {status.state}")
        return 0
    return show_status(status, deployer)


def show_status(status: "EndpointStatus", deployer: "FaceDeployer") -> int:
    """Print the state of the endpoint, and what to do if it is not running.

    Args:
        status: The state.
        deployer: The deployer that it belongs to.

    Returns:
        0 if it is running, else 1.
    """
    from cli.console import make_console
    from cli.summaries import print_rows
    from components.deployers.endpoint import State

    console = make_console()
    captured = describe_captured(deployer.captured())
    print_rows(status_rows(status, captured, datetime.now(UTC)), console)
    if status.state == State.RUNNING:
        return 0
    console.print("\nnext: [bold]python run.py endpoint --start[/]", soft_wrap=True)
    return 1


def status_rows(status: "EndpointStatus", captured: str, now: datetime) -> Mapping[str, str]:
    """Describe an endpoint.

    Args:
        status: Its state.
        captured: What it has captured.
        now: The present time.

    Returns:
        Texts with markup, by title.
    """
    from components.deployers.endpoint import State
    from faces.client import PREDICT

    colour = "green" if status.state == State.RUNNING else "yellow"
    detail = f" [dim]({escape(status.detail)})[/]" if status.detail else ""
    rows = {
        "endpoint": f"{status.endpoint.url}{PREDICT}",
        "state": f"[{colour}]{status.state}[/]{detail}",
        "version": escape(status.endpoint.version),
    }
    if status.since is not None:
        age = format_duration(now - status.since)
        rows["since"] = f"{status.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC [dim]({age})[/]"
    return {
        **rows,
        "log": f"{escape(status.logs)} [dim](python run.py endpoint --logs)[/]",
        "captured": f"{escape(captured)} [dim](python run.py captured)[/]",
    }


def describe_captured(locations: Sequence[str]) -> str:
    """Count the captured faces, if they are on this machine.

    Args:
        locations: Folders, or URIs such as gs://bucket/folder, which are not read.

    Returns:
        The number of faces and where they are.
    """
    from faces.drift.captured_requests import read_captured_requests
    from serving.capture.reader import read_files

    folders = [location for location in locations if "://" not in location]
    remote = [location for location in locations if "://" in location]
    count = len(read_captured_requests(read_files(folders)).table) if folders else 0
    parts = [f"{count} faces in {', '.join(folders)}"] if folders else []
    return ", ".join([*parts, *remote]) or "nothing yet"


def format_duration(duration: timedelta) -> str:
    """Format a duration with its largest unit, rounded down.

    Args:
        duration: How long something has run.

    Returns:
        A number and its unit, such as "2 h".
    """
    seconds = int(duration.total_seconds())
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
