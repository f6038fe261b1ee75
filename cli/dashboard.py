"""Open the ZenML dashboard at the latest run with pictures, and print how to open the tracker."""

import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli import runtime_env
from cli.exit_codes import exit_code
from cli.subcommand import make_parser
from faces.errors import UserError

EXAMPLES = """\
examples:
  python run.py dashboard
  python run.py dashboard --port 8300    # if 8237 is in use
  python run.py dashboard --evidently    # the latest drift, feature by feature
  python run.py dashboard --stop
"""

PICTURES = ("plots", "search", "drift_report", "history")
"""The artifacts with pictures: of training, sweep, drift detection and history."""

REPORT = "evidently.html"
"""The file in an artifact `drift_report`, and the copy of it in the present folder."""

MAX_REPORTS = 200
"""The newest drift reports are searched, up to this number."""

if TYPE_CHECKING:
    from zenml.models import ArtifactVersionResponse
    from zenml.zen_server.deploy.deployer import LocalServerDeployer


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line; start or stop the dashboard.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`.
    """
    parser = make_parser("dashboard", __doc__, EXAMPLES)
    parser.add_argument("--port", type=int, default=8237, help="default: 8237")
    parser.add_argument("--stop", action="store_true", help="stop the dashboard")
    parser.add_argument(
        "--evidently",
        action="store_true",
        help=f"open Evidently's report about the latest drift instead: it is written to {REPORT}",
    )
    args = parser.parse_args(arguments)
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    if args.stop:
        return exit_code(stop_dashboard)
    return exit_code(open_evidently_report if args.evidently else lambda: open_dashboard(args.port))


def open_dashboard(port: int) -> None:
    """Start the dashboard if it is not running, print its address and open it in a browser.

    Args:
        port: TCP port on loopback for a dashboard that is started now.

    Raises:
        UserError: If it does not start.
    """
    from zenml.utils.dashboard_utils import get_server_dashboard_url

    from stacks.databases import create_zenml_database, exclusive_lock

    with exclusive_lock():
        create_zenml_database()
    server = get_server_dashboard_url()
    page, content = latest_run(server or start_dashboard(port))
    print(f"ZenML    {page}")
    print(f"         {content}")
    if server is None:
        print("         (make dashboard-stop stops it)")
    print(f"tracker  {tracker_hint()}")
    webbrowser.open(page)


def tracker_hint() -> str:
    """Return how to open the experiment tracker, or why there is none on the active stack."""
    from components.tracking.base import active_tracker

    try:
        return active_tracker().ui_hint() or "has no address"
    except UserError as error:
        return str(error)


def start_dashboard(port: int) -> str:
    """Start ZenML's server on loopback, if it is not running.

    Unlike `zenml login --local` this leaves the client on its own database, so that pipelines run
    the same with the dashboard and without it.

    Args:
        port: The TCP port.

    Returns:
        The server's address, without a slash at the end.

    Raises:
        UserError: If it does not start, for example because the port is in use.
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
            f"another port: python run.py dashboard --port {port + 1}"
        ) from error
    if not server.status or not server.status.url:
        raise UserError(f"the dashboard did not start on port {port}: is the port in use?")
    return str(server.status.url).rstrip("/")


def stop_dashboard() -> None:
    """Stop ZenML's server, if it is running."""
    from zenml.zen_server.deploy.exceptions import ServerDeploymentNotFoundError

    try:
        _deployer().remove_server()
        print("the dashboard is stopped")
    except ServerDeploymentNotFoundError:
        print("the dashboard is not running")


def open_evidently_report() -> None:
    """Write Evidently's report about the latest drift to a file, and open it in a browser.

    The dashboard cannot show it, because it needs scripts. The file is readable by its owner only.

    Raises:
        UserError: If the active stack has no such report.
    """
    from zenml.client import Client

    from pipelines.shared.output_file import write_owner_only

    client = Client()
    reports = client.list_artifact_versions(
        artifact="drift_report",
        artifact_store_id=client.active_stack.artifact_store.id,
        sort_by="desc:created",
        size=MAX_REPORTS,
        hydrate=True,
    ).items
    report = next((report for report in reports if REPORT in _files_of(report)), None)
    if report is None:
        raise UserError(
            f"no drift has been reported on stack '{client.active_stack.name}': Evidently's report "
            "is kept when a window drifted (python run.py --pipeline drift_detection)"
        )
    file = Path(REPORT).absolute()
    write_owner_only(file, report.load()[REPORT])
    print(f"drift of {report.created:%Y-%m-%d %H:%M} UTC: {file.as_uri()}")
    webbrowser.open(file.as_uri())


def latest_run(address: str) -> tuple[str, str]:
    """Find the latest run with pictures: the latest deployment or traffic has none.

    Args:
        address: The dashboard's address, without a slash at the end.

    Returns:
        The run's page, and what to look at there; the dashboard's own page if no run has pictures.
    """
    from zenml.client import Client

    client = Client()
    candidates = [
        version
        for name in PICTURES
        for version in client.list_artifact_versions(
            artifact=name, sort_by="desc:created", size=1, hydrate=True
        ).items
        if version.producer_pipeline_run_id
    ]
    if not candidates:
        return address, "no run has pictures yet: python run.py --pipeline training"
    latest = max(candidates, key=lambda version: version.created)
    run = client.get_pipeline_run(str(latest.producer_pipeline_run_id))
    page = f"{address}/projects/{client.active_project.name}/runs/{run.id}"
    return page, f"{run.name}: click the artifact {latest.name}, Visualization, Load Preview"


def _files_of(page: "ArtifactVersionResponse") -> list[str]:
    names = page.run_metadata.get("files")
    return list(names) if isinstance(names, list) else []


def _deployer() -> "LocalServerDeployer":
    from zenml.zen_server.deploy.deployer import LocalServerDeployer

    return LocalServerDeployer()
