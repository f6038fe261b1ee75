"""Open the app: recognise your own photos, label faces, approve versions, watch for drift."""

import socket
from collections.abc import Sequence
from pathlib import Path

from cli import runtime_env
from cli.exit_codes import exit_code
from cli.subcommand import make_parser

EXAMPLES = """\
examples:
  python run.py app
  python run.py app --port 8081 --no-browser
  python run.py app --host 0.0.0.0 --token-file token.txt   # behind a proxy with TLS
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and serve the app.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`.
    """
    parser = make_parser("app", __doc__, EXAMPLES)
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="default: 8080")
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="clients must send the token in this file"
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    args = parser.parse_args(arguments)
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    return exit_code(lambda: open_app(args.host, args.port, args.token_file, not args.no_browser))


def open_app(host: str, port: int, token_file: Path | None, open_browser: bool) -> None:
    """Serve the app until Ctrl-C.

    Args:
        host: Address to listen on; without a token, only loopback is allowed.
        port: TCP port.
        token_file: File with the token that clients must send; None for none.
        open_browser: Whether to open it in a browser.

    Raises:
        UserError: If packages are missing, the port is in use, or a token is needed.
    """
    from importlib.util import find_spec

    from faces.errors import UserError

    if find_spec("nicegui") is None:
        raise UserError("the app needs more packages: make setup-app")
    from app.server import check_host, read_token, serve

    token = read_token(token_file)
    check_host(host, token)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UserError(
                f"port {port} on {host} cannot be used: {error.strerror}: --port {port + 1}"
            ) from error
    serve(host, port, token, open_browser)
