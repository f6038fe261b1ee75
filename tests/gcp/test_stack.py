"""Training on the gcp stack."""

from typing import Any

from tests.gcp.conftest import Run


def test_training_runs_every_step_elsewhere(cloud: Any, run: Run) -> None:
    summary = run("training", data="olivetti")
    assert summary["model"]["stage"] == "production"
