"""Watch the endpoint with Prometheus and Alertmanager until Ctrl-C.

Alerts go to the stack's alerter.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from cli import runtime_env
from cli.exit_codes import exit_code
from cli.monitoring_services import HOST, Ports, monitoring
from cli.subcommand import make_parser
from faces.errors import UserError

EXAMPLES = """\
examples:
  python run.py monitoring
  python run.py monitoring --port 9091    # if 9090 is in use

The rules are in monitoring/rules.yaml; docs/monitoring.md explains them.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and watch the endpoint.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`.
    """
    ports = Ports()
    parser = make_parser("monitoring", __doc__, EXAMPLES)
    parser.add_argument(
        "--port",
        type=int,
        default=ports.prometheus,
        help=f"port of Prometheus; default: {ports.prometheus}",
    )
    parser.add_argument(
        "--alertmanager-port",
        type=int,
        default=ports.alertmanager,
        help=f"port of Alertmanager; default: {ports.alertmanager}",
    )
    args = parser.parse_args(arguments)
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    return exit_code(lambda: watch(Ports(args.port, args.alertmanager_port)))


def watch(ports: Ports) -> None:
    """Watch the active stack's endpoint until Ctrl-C.

    Args:
        ports: Where Prometheus and Alertmanager listen.

    Raises:
        UserError: If nothing is deployed, the stack has no alerter, or a program is missing.
    """
    from zenml.client import Client

    from components.deployers.base import active_deployer

    endpoint = active_deployer().endpoint()
    alerter = Client().active_stack.alerter
    if alerter is None:
        raise UserError("the stack has no alerter: add one with the flavor log or webhook")

    def post(message: str) -> None:
        print(message, flush=True)
        if not alerter.post(message):
            print(f"the alerter '{alerter.name}' did not accept it", flush=True)

    with (
        tempfile.TemporaryDirectory(prefix="faces-monitoring-") as folder,
        monitoring(endpoint.url, endpoint.headers, post, Path(folder), ports),
    ):
        print(f"Prometheus: http://{HOST}:{ports.prometheus}/alerts (Ctrl-C stops it)", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("stopped")
