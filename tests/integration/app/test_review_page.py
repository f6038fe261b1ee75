"""The page Review in a real browser, by keyboard alone."""

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from zenml.enums import ExecutionStatus

from app import commands
from app.labelling import FaceToLabel
from faces.evaluation.feedback_verification import QuarantinedLabel, QuarantineReason
from scripts.chromium import find_chromium
from scripts.chromium_page import Page
from store.approvals import Approval
from store.label_reviews import QuarantinedFace
from store.records import LabelReference
from tests.integration.app.conftest import RunningApp, eventually

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed")
NOW = datetime.now(UTC)


def unlabelled(app: RunningApp, number: int, predicted: str) -> FaceToLabel:
    image = app.backend.images.samples.images[number % 24]
    return FaceToLabel(f"request-{number}", image, predicted, 0.4, NOW, "1")


def quarantined(number: int, label: str) -> QuarantinedFace:
    reason = QuarantinedLabel(number, QuarantineReason.IMPLAUSIBLE, 0.1)
    reference = LabelReference("run", number)
    return QuarantinedFace(f"5d41402a-{number}", reference, reason, label, "x", "eve", NOW, None)


def test_sixty_faces_a_minute_are_labelled_by_keyboard(page: Page, app: RunningApp) -> None:
    names = app.backend.images.enrolled.identities
    app.backend.unlabelled = [unlabelled(app, n, names[n % 12]) for n in range(20)]
    app.feedback.clear()
    page.open(f"{app.url}/review")
    page.wait_for_text("0 done, 20 left")
    start = time.monotonic()
    for done in range(1, 20):
        page.press("Enter")
        page.wait_for_text(f"{done} done, {20 - done} left")
    per_minute = 19 * 60 / (time.monotonic() - start)
    assert app.feedback == [(f"request-{n}", names[n % 12]) for n in range(19)]
    page.type(names[2].upper())
    page.press("Enter")
    page.wait_for_text("No face needs a label.")
    assert app.feedback[-1] == ("request-19", names[2])
    assert per_minute >= 60


def test_unknown_faces_get_a_suggestion_and_wrong_names_an_explanation(
    page: Page, app: RunningApp
) -> None:
    app.backend.unlabelled = [unlabelled(app, n, "unknown") for n in (0, 1)]
    app.feedback.clear()
    page.open(f"{app.url}/review")
    page.wait_for_text("not recognised")
    page.type("nobody")
    page.press("Enter")
    page.wait_for_text("nobody called 'nobody' is enrolled")
    page.press("Escape")
    page.wait_for_text("0 done, 1 left")
    page.press("Enter")
    page.wait_for_text("No face needs a label.")
    expected = app.backend.images.most_similar(app.backend.images.samples.images[1], 1)[0].person
    assert app.feedback == [("request-1", expected)]


def test_quarantined_labels_are_reviewed_by_key(page: Page, app: RunningApp) -> None:
    name = app.backend.images.enrolled.identities[0]
    app.backend.unlabelled = []
    app.backend.in_quarantine = [quarantined(n, name) for n in range(3)]
    page.open(f"{app.url}/review")
    for key, left in (("a", 2), ("s", 1), ("r", 0)):
        page.wait_for_text(f"Is this {name}?")
        page.press(key)
        page.wait_for_text(f"{left} left" if left else "No face needs a label.")
    app.backend.in_quarantine = []
    assert app.backend.reviews == [("5d41402a-0", "approved"), ("5d41402a-2", "rejected")]


def test_a_run_that_waits_is_approved_with_the_command(
    page: Page, app: RunningApp, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "run.py"
    script.write_text("import sys\nprint('✓ deploy model')\nopen(sys.argv[0] + '.args', 'w')."
                      "write(' '.join(sys.argv[1:]))")  # fmt: skip
    monkeypatch.setattr(commands, "RUN", script)
    later = NOW + timedelta(days=1)
    app.backend.unlabelled = []
    app.backend.waiting = [
        Approval(
            uuid4(), "run-7", uuid4(), ExecutionStatus.PAUSED, 7, 5, "Data drift.", NOW, later,
            None, "", None,
        )
    ]  # fmt: skip
    page.open(f"{app.url}/review")
    page.wait_for_text("Version 7 waits for an approval")
    page.wait_for_text("compared with version 5")
    page.click("Compare with production")
    page.wait_for_text("version 7 is right 18 times, and version 5 17 times")
    app.backend.waiting = []
    page.click("Approve and deploy")
    arguments = tmp_path / "run.py.args"
    assert eventually(lambda: arguments.exists() and bool(arguments.read_text()))
    assert arguments.read_text() == "review --approve run-7"
    page.wait_for("!document.body.innerText.includes('Version 7')")


def test_a_failed_command_is_reported_in_one_line(
    page: Page, app: RunningApp, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "run.py"
    script.write_text("print('error: production has changed'); raise SystemExit(1)")
    monkeypatch.setattr(commands, "RUN", script)
    app.backend.waiting = [
        Approval(
            uuid4(), "run-8", uuid4(), ExecutionStatus.PAUSED, 8, None, "Drift.", NOW,
            NOW + timedelta(days=1), None, "", None,
        )
    ]  # fmt: skip
    page.open(f"{app.url}/review")
    page.click("Reject")
    page.wait_for_text("production has changed")
    app.backend.waiting = []
