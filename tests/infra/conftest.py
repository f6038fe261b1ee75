"""Stub providers with the real schemas, and a copy of infra/gcp to change."""

import importlib.util
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.infra.plan import repository

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment in which Terraform uses the stub providers."""
    if shutil.which("terraform") is None:
        pytest.skip("Terraform is not installed")
    if importlib.util.find_spec("tf") is None:
        pytest.skip("the schemas are in another environment: make test-infra")
    from tests.infra.provider import stub_providers

    with stub_providers(tmp_path_factory.mktemp("providers")) as environment:
        yield environment


@pytest.fixture
def validate(environment: dict[str, str]) -> Callable[[Path], list[str]]:
    """Return a function that returns the errors of `terraform validate` in a folder."""

    def validate(folder: Path) -> list[str]:
        done = subprocess.run(
            ["terraform", f"-chdir={folder}", "validate", "-json"],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.stdout, done.stderr
        return [
            f"{item['summary']}: {item['detail']}"
            for item in json.loads(done.stdout)["diagnostics"]
            if item["severity"] == "error"
        ]

    return validate


@pytest.fixture
def infra(tmp_path: Path) -> Path:
    """A copy of infra/gcp."""
    return repository(tmp_path)
