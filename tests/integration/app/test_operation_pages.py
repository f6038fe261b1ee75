"""The pages Versions and Monitor in a real browser."""

from dataclasses import replace
from pathlib import Path

import pytest
import requests

from app import commands
from app.pages import monitor
from app.version_info import VersionInfo
from components.deployers.endpoint import State
from faces.drift.accuracy import AccuracyDrop
from faces.drift.policy import Action
from scripts.chromium import find_chromium
from scripts.chromium_page import Page
from store.deployments import DecisionEntry
from tests.integration.app.conftest import RunningApp, eventually

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed")
FIRST = VersionInfo(
    1, "archived", False, "2026-11-26T00:00:00", "fisher", "folder 1a2b", "yaw=frontal", 12,
    0.9, 0.8, 0.95, None, "promoted: there was no model in production", "wrong names",
)  # fmt: skip
LIVE = replace(FIRST, number=2, stage="production", live=True, rolled_back="")
DECISION = DecisionEntry(
    Action.RETRAIN, "data drift: p = 0.001", 1, "2026-11-26T01:00:00+00:00", 0.01, 40, 12, 20, 2,
    0.001, AccuracyDrop(0.98, 0.6, 0.4, 0.8, 0.001),
)  # fmt: skip


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the arguments of the command that a page has run."""
    script = tmp_path / "run.py"
    script.write_text(
        "import sys\nwith open(sys.argv[0] + '.args', 'w') as file:\n"
        "    file.write('|'.join(sys.argv[1:]))\n"
    )
    monkeypatch.setattr(commands, "RUN", script)
    return tmp_path / "run.py.args"


def contains(file: Path, text: str) -> bool:
    return file.exists() and file.read_text() == text


@pytest.fixture
def versions(app: RunningApp) -> None:
    app.backend.registered = [LIVE, FIRST]
    app.backend.promoted.clear()


def test_two_versions_are_compared_and_one_is_put_into_production(
    page: Page, app: RunningApp, versions: None, arguments: Path
) -> None:
    page.open(f"{app.url}/versions")
    page.wait_for_text("90.0% (95 % interval 80.0% to 95.0%)")
    page.click("Compare on the same images")
    page.wait_for_text("version 2 is right 18 times, and version 1 17 times. They differ on 1:")
    page.wait_for_text("ada: ada / eve")
    page.click("Put into production …")
    page.wait_for_text("It was rolled back: wrong names")
    page.click("Deploy it")
    assert eventually(lambda: contains(arguments, "--pipeline|deployment"))
    assert app.backend.promoted == [1]


def test_a_rollback_needs_a_reason(
    page: Page, app: RunningApp, versions: None, arguments: Path
) -> None:
    page.open(f"{app.url}/versions")
    page.click("Roll back …")
    page.wait_for_text("Name nobody in the reason")
    find = "[...document.querySelectorAll('button')].find(b => b.innerText === 'Roll back')"
    assert page.evaluate(f"{find}.disabled")
    page.wait_for("document.activeElement.tagName === 'INPUT'")
    page.type("wrong names since noon")
    page.wait_for(f"!{find}.disabled")
    page.click("Roll back")
    expected = "--pipeline|rollback|--reason=wrong names since noon"
    assert eventually(lambda: contains(arguments, expected))


def test_model_cards_are_pages(app: RunningApp, versions: None) -> None:
    assert "card of version 1" in requests.get(f"{app.url}/versions/1/card", timeout=5).text
    assert requests.get(f"{app.url}/versions/9/card", timeout=5).status_code == 404


def test_the_monitor_shows_the_endpoint_and_decisions_and_refreshes_itself(
    page: Page, app: RunningApp, arguments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "REFRESH_SECONDS", 0.2)
    app.backend.decided, app.backend.state = [], State.RUNNING
    page.open(f"{app.url}/monitor")
    for text in ("running", "92 (2 failed)", "40, 25% unknown", "2.0 ms on average, 99 % within 5"):
        page.wait_for_text(text)
    page.wait_for_text("There was no drift detection yet.")
    app.backend.decided = [DECISION]
    page.wait_for_text("data drift: p = 0.001")
    page.wait_for("document.querySelectorAll('canvas').length === 2")
    app.backend.state = State.FAILED
    page.wait_for_text("it has crashed")
    page.click("Check for drift now")
    assert eventually(lambda: contains(arguments, "--pipeline|drift_detection"))
    app.backend.state = State.RUNNING
    page.wait_for_text("running")
