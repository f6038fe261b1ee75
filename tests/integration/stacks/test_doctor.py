import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from stacks import doctor
from stacks.doctor import Finding, check_stack
from stacks.spec import Component, Stack, read_stack


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
    made = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()


def stack(*parts: tuple[str, str, dict[str, Any]]) -> Stack:
    components = tuple(Component(kind, f"my-{kind}", flavor, conf) for kind, flavor, conf in parts)
    return Stack("mine", Path("mine.yaml"), components)


def by_part(made: Stack) -> dict[str, Finding]:
    return {found.part: found for found in check_stack(made)}


def test_the_local_stack_is_well(home: Path) -> None:
    assert all(found.ok for found in check_stack(read_stack("local", {})))


def test_what_is_not_set_or_installed_is_named_with_its_remedy(home: Path) -> None:
    found = by_part(read_stack("gcp", {}))
    assert "GCP_BUCKET" in found["environment"].message
    assert "--register-stacks" in str(found["environment"].fix)
    assert found["secrets"].fix == "zenml secret create endpoint --token=…"
    if not found["packages"].ok:
        assert found["packages"].fix == "make setup-gcp"
    assert "bucket" not in found, "it could not be asked"


def test_a_server_that_does_not_answer_is_told_and_one_that_does_is_well(
    home: Path, server: str
) -> None:
    def tracker(address: str) -> Finding:
        made = stack(("experiment_tracker", "mlflow", {"tracking_uri": address}))
        return by_part(made)["MLflow server"]

    assert tracker(server).ok
    assert "said 404" in tracker(f"{server}/elsewhere").message
    assert "does not answer" in tracker("http://127.0.0.1:9").message


def test_vertex_needs_a_server_that_its_steps_can_reach(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "absent_modules", lambda _: [])
    found = by_part(stack(("orchestrator", "vertex", {})))["ZenML server"]
    assert "local database" in found.message
    assert str(found.fix).startswith("zenml login")


def test_whatever_else_goes_wrong_is_a_finding_too(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> str:
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(doctor, "absent_modules", lambda _: [])
    monkeypatch.setattr(doctor, "_zenml", broken)
    found = by_part(stack(("orchestrator", "vertex", {})))["ZenML server"]
    assert found.message == "RuntimeError: first line"
    assert not found.ok


def test_run_py_ends_with_1_if_something_is_wrong(home: Path) -> None:
    from io import StringIO

    from rich.console import Console

    from cli.runner import examine_stack

    page = StringIO()
    assert examine_stack("local", Console(file=page))
    assert not examine_stack("gcp", Console(file=page))
    assert "✓ packages: all there" in page.getvalue()
    assert "zenml secret create endpoint" in page.getvalue()
