"""An isolated ZenML configuration for each module, and pipelines that run in it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import isolated_zenml, run_pipeline
from tests.integration.serving.conftest import free_port

PORT = free_port()
"""Where the endpoints listen, one after the other."""

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The module's ZenML configuration: each test builds on the tests before it."""
    from components.deployers.seldon_local import process

    with isolated_zenml(tmp_path_factory.mktemp("zenml")) as home:
        yield home
        for record in home.rglob("process.json"):
            process.stop(record.parent)


@pytest.fixture(scope="module")
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a pipeline as run.py does, with `text` as its configuration file."""

    def run_here(pipeline: str, text: str = "", **options: Any) -> dict[str, Any]:
        if pipeline == "deployment":
            text = text or f"endpoint: {{port: {PORT}}}"
        return run_pipeline(tmp_path_factory.mktemp("config"), pipeline, text, **options)

    return run_here


def deployer() -> Any:
    from components.deployers.base import active_deployer

    return active_deployer()


def described(summary: dict[str, Any], title: str) -> dict[str, Any]:
    """An entry of the run's metadata in ZenML."""
    from zenml.client import Client

    entry = Client().get_pipeline_run(summary["run"]["id"]).run_metadata[title]
    assert isinstance(entry, dict)
    return entry
