"""Open ZenML's dashboard on the latest run, and say how to open the tracker."""

import argparse
import sys
import webbrowser
from typing import TYPE_CHECKING

from cli import runtime_env
from faces.errors import UserError

if TYPE_CHECKING:
    from zenml.zen_server.deploy.deployer import LocalServerDeployer

SURVEY_DONE = {"finished_onboarding_survey": True, "overview_tour_done": True}


def main() -> int:
    """Start the dashboard if it does not run, print its address and open it in a browser."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8237)
    parser.add_argument("--stop", action="store_true", help="stop it instead")
    args = parser.parse_args()
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    try:
        if args.stop:
            stop_dashboard()
            return 0
        from zenml.utils.dashboard_utils import get_server_dashboard_url

        from stacks.databases import create_zenml_database, exclusive_lock

        with exclusive_lock():
            create_zenml_database()
        server = get_server_dashboard_url()
        address = server or start_dashboard(args.port)
        if server is None:
            skip_survey()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    page = latest_run(address)
    print(f"ZenML   {page}")
    if server is None:
        print("        (make dashboard-stop ends it)")
    print(f"runs    {tracker_hint()}")
    webbrowser.open(page)
    return 0


def start_dashboard(port: int) -> str:
    """Start ZenML's server on loopback, if it does not run, and return its address.

    Unlike `zenml login --local` this leaves the client on its own database, so that pipelines run
    as before, with the dashboard and without it.
    """
    from zenml.enums import ServerProviderType
    from zenml.zen_server.deploy.deployment import LocalServerDeploymentConfig

    print("starting the dashboard …", flush=True)
    config = LocalServerDeploymentConfig.model_validate(
        {"provider": ServerProviderType.DAEMON, "port": port}
    )
    try:
        server = _deployer().deploy_server(config)
    except Exception as error:
        raise UserError(
            f"the dashboard did not start on port {port}: {' '.join(str(error).split())}; "
            f"another port: python -m cli.dashboard --port {port + 1}"
        ) from error
    if not server.status or not server.status.url:
        raise UserError(f"the dashboard did not start on port {port}: is the port in use?")
    return str(server.status.url).rstrip("/")


def stop_dashboard() -> None:
    """Stop ZenML's server, if it runs."""
    from zenml.zen_server.deploy.exceptions import ServerDeploymentNotFoundError

    try:
        _deployer().remove_server()
        print("the dashboard is stopped")
    except ServerDeploymentNotFoundError:
        print("the dashboard is not running")


def skip_survey() -> None:
    """Tell a fresh dashboard that its survey is done: it would cover every page. No mail."""
    from zenml.client import Client

    user = Client().active_user
    known = user.user_metadata or {}
    if user.email_opted_in is None or any(known.get(k) != v for k, v in SURVEY_DONE.items()):
        Client().update_user(
            user.id,
            updated_email_opt_in=bool(user.email_opted_in),
            updated_metadata={**known, **SURVEY_DONE},
        )


def latest_run(address: str) -> str:
    """The page of the latest run, or the dashboard itself before the first."""
    from zenml.client import Client

    client = Client()
    runs = client.list_pipeline_runs(sort_by="desc:created", size=1).items
    if not runs:
        return address
    return f"{address}/projects/{client.active_project.name}/runs/{runs[0].id}"


def tracker_hint() -> str:
    """Return how to open what the active stack's tracker recorded: a command, or an address."""
    from components.tracking.base import active_tracker

    try:
        return active_tracker().ui_hint() or "there is nothing to open"
    except UserError as error:
        return str(error)


def _deployer() -> "LocalServerDeployer":
    from zenml.zen_server.deploy.deployer import LocalServerDeployer

    return LocalServerDeployer()


if __name__ == "__main__":
    sys.exit(main())
