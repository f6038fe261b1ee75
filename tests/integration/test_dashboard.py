import socket
import urllib.request
from io import StringIO
from pathlib import Path

import pytest
import requests
from rich.console import Console
from zenml import pipeline, step, wait
from zenml.client import Client

from faces.errors import UserError
from store.approvals import APPROVAL, Approval, approvals, condition_metadata


@pytest.fixture(scope="module")
def home(zenml_home: Path) -> Path:
    from stacks.databases import create_zenml_database

    create_zenml_database()
    return zenml_home


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@step
def after_the_approval() -> int:
    return 1


@pipeline(dynamic=True, enable_cache=False)
def waits_for_an_approval() -> None:
    recorded = condition_metadata(3, 1, "2100-01-01T00:00:00+00:00")
    wait(name=APPROVAL, timeout=0, question="Deploy version 3?", metadata=recorded)
    after_the_approval()


def waiting_run() -> Approval:
    waits_for_an_approval()
    (found,) = (approval for approval in approvals() if approval.waits)
    return found


def resolve(address: str, approval: Approval, answer: str) -> None:
    """Answer as the page in the dashboard does, and go on as the next drift detection does."""
    from cli.resume import finish_answered_runs

    url = f"{address}/api/v1/run_wait_conditions/{approval.id}/resolve"
    requests.put(url, json={"resolution": answer}, timeout=10).raise_for_status()
    answered = next(a for a in approvals() if a.id == approval.id)
    assert answered.who == "default in ZenML"
    assert answered.can_resume == (answer == "continue")
    console = Console(file=StringIO())
    finish_answered_runs(console, console.status(""))
    run = Client().get_pipeline_run(approval.run_id)
    assert run.status == ("completed" if answered.can_resume else "stopped")
    assert ("after_the_approval" in run.steps) == answered.can_resume


def test_the_dashboard_answers_approvals_and_leaves_the_client_and_the_user_unchanged(
    home: Path, free_port: int
) -> None:
    from cli import dashboard

    store, user = Client().zen_store.url, Client().active_user
    address = dashboard.start_dashboard(free_port)
    try:
        assert address == f"http://127.0.0.1:{free_port}"
        with urllib.request.urlopen(address, timeout=10) as page:
            assert b"<title>ZenML Dashboard</title>" in page.read()
        same_user = Client().get_user(user.id)
        assert same_user.email_opted_in == user.email_opted_in
        assert same_user.user_metadata == user.user_metadata
        assert dashboard.start_dashboard(free_port) == address
        assert dashboard.latest_run(address)[0].startswith(address)
        assert Client().zen_store.url == store
        for answer in ("continue", "abort"):
            resolve(address, waiting_run(), answer)
    finally:
        dashboard.stop_dashboard()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address, timeout=10)


def test_an_occupied_port_is_reported(home: Path) -> None:
    from cli import dashboard

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match="did not start on port"):
            dashboard.start_dashboard(taken.getsockname()[1])
    dashboard.stop_dashboard()


def test_the_hint_opens_the_active_stacks_tracker(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenml.client import Client

    from cli import dashboard
    from components.tracking.base import active_tracker
    from stacks.register import register_stack
    from stacks.spec import read_stack

    register_stack(read_stack("local", {}))
    monkeypatch.setenv("ZENML_ACTIVE_STACK_ID", str(Client().get_stack("local").id))
    assert "mlflow ui --backend-store-uri sqlite:///" in str(active_tracker().ui_hint())
    monkeypatch.setenv("ZENML_ACTIVE_STACK_ID", str(Client().get_stack("default").id))
    with pytest.raises(UserError, match="use --stack local"):
        active_tracker()
    assert "use --stack local" in dashboard.tracker_hint()


def test_evidentlys_report_about_the_latest_drift_is_written_for_its_owner_and_opened(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from zenml import save_artifact

    from cli import dashboard
    from store.materializers.documents import Page, PageMaterializer

    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no drift has been reported on stack"):
        dashboard.open_evidently_report()
    pages = [{"evidently.html": "older"}, {"evidently.html": "newer"}, {}]
    for page in pages:
        content = Page({"page.html": "", **page})
        save_artifact(content, "drift_report", materializer=PageMaterializer)
    dashboard.open_evidently_report()
    file = tmp_path / "evidently.html"
    assert file.read_text() == "newer"
    assert file.stat().st_mode & 0o777 == 0o600
    assert opened == [file.as_uri()]
    assert file.as_uri() in capsys.readouterr().out


def test_the_latest_run_with_pictures_is_opened(
    tmp_path: Path, zenml_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """History draws a page; the traffic that fails after it has nothing to show."""
    from zenml.client import Client

    from cli import dashboard
    from tests.conftest import run_pipeline

    page = tmp_path / "history.html"
    run = run_pipeline(tmp_path, "history", page=str(page))["run"]
    with pytest.raises(UserError, match="nothing is deployed"):
        run_pipeline(tmp_path, "traffic")
    assert Client().list_pipeline_runs(sort_by="desc:created", size=1).items[0].name != run["name"]
    address, content = dashboard.latest_run("http://x")
    assert address.endswith(f"/runs/{run['id']}")
    assert content == f"{run['name']}: click the artifact history, Visualization, Load Preview"
