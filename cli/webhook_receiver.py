"""Deploy when the alias 'champion' moves in MLflow's model registry: receive its webhooks."""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from threading import Thread

from cli import runtime_env
from cli.exit_codes import exit_code
from cli.subcommand import make_parser
from faces import NAME
from faces.errors import UserError

SECRET, KEY, TOKEN = "webhook", "secret", "github_token"
CREATE = f'zenml secret create {SECRET} --{KEY}="$(openssl rand -hex 32)"'
EXAMPLES = """\
examples:
  python run.py webhook-receiver --register http://127.0.0.1:5000
  python run.py webhook-receiver --stack gcp-run --host 0.0.0.0 --github OWNER/REPOSITORY

docs/how-to/registry-events.md has the settings that MLflow's server needs.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and serve until Ctrl-C.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`.
    """
    parser = make_parser("webhook-receiver", __doc__, EXAMPLES)
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on; default: 127.0.0.1")
    add("--port", type=int, default=9095, help="default: 9095")
    add("--register", metavar="SERVER", help="create the webhook on this MLflow server first")
    add("--url", help="with --register: address of this receiver for MLflow, if it is another one")
    add(
        "--github",
        metavar="OWNER/REPOSITORY",
        help="send GitHub a repository dispatch instead of running the deployment here",
    )
    add("--stack", metavar="NAME", help="stack; default: the active stack")
    args = parser.parse_args(arguments)
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    return exit_code(lambda: receive(args))


def receive(args: argparse.Namespace) -> None:
    """Receive webhooks until Ctrl-C, and deploy one version at a time.

    Args:
        args: The options.

    Raises:
        UserError: If a secret is missing, or the port is in use.
    """
    from cli.alias_receiver import Receiver
    from cli.champion_deployment import deploy_champion, dispatch_to_github, run_deployment
    from cli.stacks import select_stack
    from components.tracking.mlflow_webhook import Deliveries, register

    select_stack(args.stack)
    secrets = read_secrets(with_token=bool(args.github))
    deploy: Callable[[int], str] = run_deployment
    if args.github:
        deploy = partial(dispatch_to_github, args.github, secrets[TOKEN])
    address = f"http://{args.host}:{args.port}"
    try:
        receiver = Receiver((args.host, args.port), Deliveries(secrets[KEY]))
    except OSError as error:
        raise UserError(f"cannot listen at {address}: {error.strerror}: see --port") from error
    with receiver:
        Thread(target=receiver.serve_forever, daemon=True).start()
        if args.register:
            register(args.register, NAME, args.url or address, secrets[KEY])
        print(f"waiting for registry events at {address} (Ctrl-C stops)", flush=True)
        while True:
            receiver.moved.wait()
            receiver.moved.clear()
            try:
                report(deploy_champion(deploy))
            except Exception as error:  # the next event is received in any case
                report(f"not deployed: {error or type(error).__name__}")


def read_secrets(with_token: bool) -> dict[str, str]:
    """Return the values of the secret 'webhook' in ZenML's secret store.

    Args:
        with_token: Whether a token for GitHub is needed.

    Raises:
        UserError: If one is missing.
    """
    from zenml.client import Client

    try:
        values = Client().get_secret(SECRET, allow_partial_name_match=False).secret_values
    except KeyError:
        raise UserError(f"there is no secret '{SECRET}': {CREATE}") from None
    for key in (KEY, *([TOKEN] if with_token else [])):
        if not values.get(key):
            update = f"zenml secret update {SECRET} --{key}=…"
            raise UserError(f"secret '{SECRET}' has no '{key}': {update}")
    return values


def report(message: str) -> None:
    """Print a line with the time, and send it to the stack's alerter, if there is one.

    Args:
        message: What an event led to.
    """
    from zenml.client import Client

    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {message}", flush=True)
    if alerter := Client().active_stack.alerter:
        alerter.post(f"registry event: {message}")
