from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from components.checks import Component
from components.clouds import gcp_checks
from stacks import doctor
from stacks.doctor import Finding, check_stack
from stacks.spec import Stack, read_stack
from tests.conftest import running


@pytest.fixture
def home(zenml_home: Path) -> Path:
    from stacks.databases import create_zenml_database

    create_zenml_database()
    return zenml_home


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with running(HTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url


def stack(*parts: tuple[str, str, dict[str, Any]]) -> Stack:
    components = tuple(Component(kind, f"my-{kind}", flavor, conf) for kind, flavor, conf in parts)
    return Stack("mine", Path("mine.yaml"), components)


def by_part(stack: Stack) -> dict[str, Finding]:
    return {finding.part: finding for finding in check_stack(stack)}


def test_the_local_stack_is_in_order(home: Path) -> None:
    assert all(finding.ok for finding in check_stack(read_stack("local", {})))


def test_unset_variables_missing_packages_and_secrets_are_found_with_a_fix(home: Path) -> None:
    found = by_part(read_stack("gcp", {}))
    assert "GCP_BUCKET" in found["environment"].message
    assert "--register-stacks" in str(found["environment"].fix)
    assert found["secrets"].fix == "zenml secret create alerts --url=…"
    if not found["packages"].ok:
        assert found["packages"].fix == "make setup-gcp"
    assert "bucket" not in found, "it cannot be checked before the rest is in order"


def test_an_mlflow_server_must_respond(home: Path, server: str) -> None:
    def tracker(address: str) -> Finding:
        mlflow = stack(("experiment_tracker", "mlflow", {"tracking_uri": address}))
        return by_part(mlflow)["MLflow server"]

    assert tracker(server).ok
    assert "responded with status 404" in tracker(f"{server}/elsewhere").message
    assert "does not respond" in tracker("http://127.0.0.1:9").message


def test_a_stack_without_an_alerter_is_reported(home: Path) -> None:
    found = by_part(stack(("orchestrator", "local", {})))["alerter"]
    assert found.message.startswith("none: nobody is alerted")
    assert "log or webhook" in str(found.fix)


def test_the_host_of_a_webhook_must_respond_and_its_url_stays_secret(
    home: Path, server: str
) -> None:
    from zenml.client import Client

    def alerter(**configuration: str) -> Finding:
        return by_part(stack(("alerter", "webhook", configuration)))["alerter"]

    Client().create_secret("chat", {"url": f"{server}/services/T0/B0", "wrong": "hooks/T0"})
    assert alerter(url="{{chat.url}}").message == "webhook on 127.0.0.1"
    assert alerter(url="{{chat.wrong}}").message.endswith("does not start with https://")
    assert "127.0.0.1 does not respond" in alerter(url="http://127.0.0.1:9/T0").message
    assert str(alerter().fix).startswith("zenml secret create alerts --url=…")


def test_vertex_needs_a_server_that_its_steps_can_reach(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "missing_packages", lambda _: {})
    found = by_part(stack(("orchestrator", "vertex_jobs", {})))["ZenML server"]
    assert "local database" in found.message
    assert str(found.fix).startswith("zenml login")


def test_an_unexpected_error_is_a_finding_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(doctor, "missing_packages", lambda _: {})
    monkeypatch.setattr(gcp_checks, "check_zenml_server", broken)
    found = by_part(stack(("orchestrator", "vertex_jobs", {})))["ZenML server"]
    assert found.message == "RuntimeError: first line"
    assert not found.ok


def test_the_command_fails_if_a_check_fails(home: Path) -> None:
    from io import StringIO

    from rich.console import Console

    from cli.stacks import check_stack

    page = StringIO()
    assert check_stack("local", Console(file=page))
    assert not check_stack("gcp", Console(file=page))
    assert "✓ packages: all installed" in page.getvalue()
    assert "zenml secret create alerts" in page.getvalue()


def test_missing_packages_are_named_with_the_command_that_installs_them(home: Path) -> None:
    from stacks.readiness import missing_packages

    missing = missing_packages({"local", "unknown", "seldon_kubernetes", "vertex_jobs"})
    if missing:
        assert list(missing) == ["make setup-gcp"]
        assert set(missing["make setup-gcp"]) <= {"google.cloud.aiplatform", "kfp", "kubernetes"}
    assert missing_packages({"local", "mlflow", "wandb", "evidently"}) == {}


def test_a_check_is_skipped_if_what_it_needs_is_missing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components.checks import CheckFailed

    def no_credentials() -> str:
        raise CheckFailed("no Google credentials were found", "gcloud auth login")

    monkeypatch.setattr(doctor, "missing_packages", lambda _: {})
    bucket = stack(("artifact_store", "gcp", {"path": "gs://b/zenml"}))
    monkeypatch.setattr(gcp_checks, "check_credentials", no_credentials)
    monkeypatch.setattr(gcp_checks, "check_bucket", lambda path: f"{path} can be read")
    assert by_part(bucket)["credentials"].fix == "gcloud auth login"
    assert "bucket" not in by_part(bucket)
    monkeypatch.setattr(gcp_checks, "check_credentials", lambda: "of a user account")
    assert by_part(bucket)["bucket"].message == "gs://b/zenml can be read"
