"""Deploy the version that the registry's alias 'champion' points to."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests
from zenml.client import Client
from zenml.enums import ModelStages
from zenml.models import ModelVersionResponse

from cli import runtime_env
from cli.run_lock import run_lock, unfinished_runs
from components.deployers.base import active_deployer
from components.tracking.base import active_tracker
from components.tracking.mlflow import MLflowTracker
from components.tracking.mlflow_webhook import CHAMPION
from faces.errors import OperationError, UserError
from store.canary_releases import latest_release
from store.production import (
    ROLLED_BACK,
    mark_champion,
    pending_champion,
    set_production,
    version_in_registry,
)
from store.versions import production_version

POLL_SECONDS = 5.0
TIMEOUT_SECONDS = 30
GITHUB = "https://api.github.com"
COMMAND = (sys.executable, str(Path(runtime_env.ROOT) / "run.py"), "--pipeline", "deployment")


def deploy_champion(deploy: Callable[[int], str]) -> str:
    """Put the version that the alias points to now into production, and deploy it.

    The registry is asked again, since an event may be late or out of order. Unfinished runs are
    waited for: one of them may be about to deploy the version, or to release it as a canary.

    Args:
        deploy: Deploys the version in production, which has this number, and returns what it did.

    Returns:
        What was done, in one line.

    Raises:
        UserError: If the version must not be deployed.
        OperationError: If another run changes production at the same time.
    """
    _wait_for_other_runs()
    tracker = active_tracker()
    if not isinstance(tracker, MLflowTracker):
        raise UserError("the stack's experiment tracker is not MLflow: use --stack local")
    version = _require_deployable(tracker.champion())
    pending = pending_champion()
    if pending is not None and pending.id != version.id:
        return "nothing to do: another version is being promoted"
    release = latest_release()
    if release and release.phase.is_active:
        return f"nothing to do: version {release.candidate} is in a canary release"
    current = production_version()
    if current is None or current.id != version.id:
        if not set_production(version, instead_of=current):
            raise OperationError("another run changed production: move the alias again")
        mark_champion(version)
    if active_deployer().served_version() == str(version.number):
        return f"nothing to do: version {version.number} is live"
    return deploy(version.number)


def _wait_for_other_runs() -> None:
    """Wait for runs on this machine, and on others if the stack's steps run there."""
    previous: list[str] = []
    while names := _other_runs():
        if names != previous:
            print(f"waiting for {' and '.join(names)}", flush=True)
        previous = names
        time.sleep(POLL_SECONDS)


def _other_runs() -> list[str]:
    stack = Client().active_stack_model
    try:
        with run_lock(stack, alone=True):
            return [run.name for run in unfinished_runs(stack)]
    except UserError:
        return ["the runs on this machine"]


def _require_deployable(registered: str | None) -> ModelVersionResponse:
    """Return the version, if the promotion gate let it pass and it was not rolled back."""
    if registered is None:
        raise UserError(f"no version has the alias '{CHAMPION}'")
    version = version_in_registry(registered)
    if version is None:
        raise UserError(f"version {registered} of the registry is not in ZenML")
    if version.stage not in (ModelStages.PRODUCTION, ModelStages.ARCHIVED):
        raise UserError(f"version {version.number} has not passed the promotion gate")
    if ROLLED_BACK in version.run_metadata:
        raise UserError(f"version {version.number} was rolled back: train another")
    return version


def run_deployment(version: int) -> str:
    """Run the pipeline deployment on this machine.

    Args:
        version: The version in production.

    Returns:
        What was done.

    Raises:
        OperationError: If it fails; its output says why.
    """
    if subprocess.call(COMMAND):
        raise OperationError(f"version {version} is in production and not deployed: see above")
    return f"deployed version {version}"


def dispatch_to_github(repository: str, token: str, version: int) -> str:
    """Let GitHub run the workflow that deploys: .github/workflows/registry-changes.yml.

    Args:
        repository: OWNER/NAME.
        token: A token that may write the repository's contents.
        version: The version in production.

    Returns:
        What was done.

    Raises:
        OperationError: If GitHub does not accept it.
    """
    try:
        response = requests.post(
            f"{GITHUB}/repos/{repository}/dispatches",
            json={
                "event_type": "model-version-changed",
                "client_payload": {"version": str(version), "deploy": "true"},
            },
            headers={"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"},
            timeout=TIMEOUT_SECONDS,
        )
        response.raise_for_status()
    except requests.RequestException as error:
        raise OperationError(
            f"version {version} is in production and not deployed: GitHub: {error}"
        ) from error
    return f"asked {repository} to deploy version {version}"
