"""The page People in a real browser."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app import commands, enrolment
from benchmarks.scenes import PlacedFace, cluttered_background, paste_face
from faces.data.dataset import Faces
from faces.reports.png import grey_png
from scripts.chromium import find_chromium
from scripts.chromium_page import Page
from tests.integration.app.conftest import RunningApp, eventually

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed")
SCRIPT = """
import sys
from pathlib import Path
words = sys.argv[1:]
log = Path(__file__).with_suffix('.log')
log.write_text((log.read_text() if log.exists() else '') + ' '.join(words[:2]) + '\\n')
if words[0] == 'enrol':
    pictures = [Path(file).read_bytes() for file in words[2:]]
    assert len(set(pictures)) == 3
if log.with_suffix('.reject').exists():
    sys.exit('error: version 7 is not in production: rejected: a test')
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where enrolled people are kept, beside a stand-in for the command line."""
    (tmp_path / "run.py").write_text(SCRIPT)
    monkeypatch.setattr(commands, "RUN", tmp_path / "run.py")
    monkeypatch.setattr(enrolment, "enrolment_folder", lambda: tmp_path / "enrolled")
    return tmp_path


@pytest.fixture(scope="module")
def portraits(drawn: Faces, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three photos of one person."""
    root, rng = tmp_path_factory.mktemp("portraits"), np.random.default_rng(2)
    for row in range(3):
        scene = cluttered_background(rng, (480, 640)) * np.float32(0.3) + np.float32(0.3)
        scene = paste_face(scene, drawn.images[0], PlacedFace(300 + 20 * row, 240, 260, row))
        (root / f"{row}.png").write_bytes(grey_png(scene))
    return sorted(root.iterdir())


def fill_in(page: Page, app: RunningApp, portraits: list[Path]) -> None:
    page.open(f"{app.url}/people")
    page.wait_for_text("12 people are enrolled")
    page.evaluate("document.querySelector('input[maxlength]').focus()")
    page.type("Eve")
    for count, portrait in enumerate(portraits, start=1):
        page.upload(portrait)
        page.wait_for_text(f"{count} pictures")


def test_somebody_is_enrolled_from_three_pictures(
    page: Page, app: RunningApp, folder: Path, portraits: list[Path], tmp_path: Path
) -> None:
    fill_in(page, app, portraits)
    blank = tmp_path / "blank.png"
    Image.new("L", (400, 300), 90).save(blank)
    page.upload(blank)
    page.wait_for_text("no face was found: take another picture")
    page.click("Enrol")
    page.wait_for_text("enrol only people who have consented")
    page.evaluate("document.querySelector('[role=checkbox]').click()")
    page.click("Enrol")
    page.wait_for_text("Eve is enrolled: try it on the page Recognise")
    log = (folder / "run.log").read_text().splitlines()
    assert log == ["enrol Eve"]


def test_a_refusal_of_the_gate_is_shown(
    page: Page, app: RunningApp, folder: Path, portraits: list[Path]
) -> None:
    (folder / "run.reject").touch()
    fill_in(page, app, portraits)
    page.evaluate("document.querySelector('[role=checkbox]').click()")
    page.click("Enrol")
    page.wait_for_text("version 7 is not in production: rejected: a test")
    assert (folder / "run.log").read_text() == "enrol Eve\n"


def test_somebody_is_removed_after_a_confirmation(
    page: Page, app: RunningApp, folder: Path
) -> None:
    name = app.backend.images.enrolled.identities[0]
    page.open(f"{app.url}/people")
    page.wait_for_text("1 of 2 held-out pictures recognised")
    page.click(f"Remove {name}")
    page.click("Cancel")
    page.wait_for("!document.querySelector('.q-dialog__backdrop')")
    page.click(f"Remove {name}")
    page.click("Erase everything")
    log = folder / "run.log"
    assert eventually(lambda: log.exists() and log.read_text() == "--pipeline forget\n")
