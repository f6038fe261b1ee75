"""Open ZenML's local dashboard on the latest run, and say how to open MLflow."""

import subprocess
import sys
import webbrowser
from pathlib import Path

from faces.errors import InputError
from stacks import environment

BIN = Path(sys.executable).parent
PORT = 8237
SURVEY_DONE = {"finished_onboarding_survey": True, "overview_tour_done": True}


def main() -> int:
    """Start the dashboard if it does not run, and print and open its address."""
    environment.set_defaults()
    try:
        address = start_dashboard()
        skip_survey(address)
        page = latest_run(address)
        print(f"ZenML dashboard  {page}\n                 (stop it with: zenml logout --local)")
        print(f"MLflow           {mlflow_command()}")
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    webbrowser.open(page)
    return 0


def start_dashboard() -> str:
    """Start the local ZenML server, on loopback, and return its address."""
    print("starting the ZenML dashboard …", flush=True)
    command = [str(BIN / "zenml"), "login", "--local", "--port", str(PORT)]
    done = subprocess.run(command, capture_output=True, text=True)
    from zenml.zen_server.deploy.deployer import LocalServerDeployer

    server = LocalServerDeployer().get_server()
    if not server.status or not server.status.url:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise InputError(f"the dashboard did not start: {said[-1] if said else 'no answer'}")
    return str(server.status.url).rstrip("/")


def skip_survey(address: str) -> None:
    """Tell a fresh dashboard that its onboarding survey is done: it would cover every page."""
    from zenml.client import Client

    user = Client().active_user
    known = user.user_metadata or {}
    if any(known.get(name) != value for name, value in SURVEY_DONE.items()):
        Client().update_user(user.id, updated_metadata={**known, **SURVEY_DONE})


def latest_run(address: str) -> str:
    """The page of the latest run, or the dashboard itself before the first."""
    from zenml.client import Client

    client = Client()
    runs = client.list_pipeline_runs(sort_by="desc:created", size=1).items
    if not runs:
        return address
    return f"{address}/projects/{client.active_project.name}/runs/{runs[0].id}"


def mlflow_command() -> str:
    """The command that opens MLflow on what the active stack recorded."""
    from zenml.client import Client

    from stacks.ready import mlflow_address

    address = mlflow_address(Client().active_stack_model)
    if address is None:
        return "the active stack has no MLflow: zenml stack set local"
    return f"{BIN / 'mlflow'} ui --backend-store-uri {address}"


if __name__ == "__main__":
    sys.exit(main())
