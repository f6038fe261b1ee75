"""Clients and a fuzzer that others wrote, from the environment .venv-clients (make test)."""

import subprocess
from pathlib import Path

import pytest

from components.deployers.seldon_local.environment import ROOT
from serving.settings import ServerSettings

PROGRAMS = ROOT / ".venv-clients" / "bin"
pytestmark = pytest.mark.skipif(
    not (PROGRAMS.parent / "ready").exists(), reason="make .venv-clients/ready installs them"
)


def failure(*command: str, folder: Path | None = None) -> str:
    """Run a command; return its output if it fails, else ""."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=folder
    )
    return (done.stdout[-5000:] + done.stderr[-5000:]) if done.returncode else ""


def test_tritons_client_gets_predictions(server: ServerSettings) -> None:
    script = Path(__file__).with_name("triton_client_calls.py")
    assert failure(str(PROGRAMS / "python"), str(script), server.address, server.name) == ""


def test_no_answer_contradicts_the_description_of_the_api(
    server: ServerSettings, tmp_path: Path
) -> None:
    """Schemathesis sends what the description allows, and what it does not.

    Two of its checks are left out. Not all data that fit the schemas are accepted, since JSON
    Schema cannot express that 4096 bytes make a face; and fields that are not needed are ignored.
    """
    output = failure(
        str(PROGRAMS / "schemathesis"),
        *("run", f"{server.url}/openapi.json", "--max-examples", "15", "--seed", "1"),
        *("--exclude-checks", "positive_data_acceptance,negative_data_rejection", "--no-color"),
        *("--generation-database", "none"),
        folder=tmp_path,  # it writes reports
    )
    assert output == ""
