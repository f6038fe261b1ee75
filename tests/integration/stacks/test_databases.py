import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(zenml_home: Path) -> None:
    """The module under test imports ZenML."""


def test_databases_are_created_by_one_process_at_a_time(zenml_home: Path) -> None:
    from stacks.databases import exclusive_lock

    other = (
        "from stacks.databases import exclusive_lock; print('waiting', flush=True)\n"
        "with exclusive_lock(): print('entered')"
    )
    with exclusive_lock():
        process = subprocess.Popen(
            [sys.executable, "-c", other], env=os.environ, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
    assert process.communicate(timeout=30)[0] == "entered\n"


def test_the_trackers_storage_is_created_once(
    zenml_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow
    from zenml.client import Client

    from components.sqlite import SQLITE, is_complete
    from components.tracking.mlflow import MLflowTracker
    from stacks.databases import create_zenml_database
    from stacks.register import register_stack
    from stacks.spec import read_stack

    create_zenml_database()
    register_stack(read_stack("local", {}))
    monkeypatch.setenv("ZENML_ACTIVE_STACK_ID", str(Client().get_stack("local").id))
    tracker = MLflowTracker()
    tracker.prepare()
    address = tracker.tracking_uri()
    assert address.startswith(SQLITE)
    assert is_complete(address)
    monkeypatch.setattr(mlflow, "MlflowClient", None)
    tracker.prepare()
