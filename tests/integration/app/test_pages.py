"""The pages in a real browser, as a visitor uses them."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from app.security import MAX_REQUEST_BYTES
from scripts.chromium import Browser, find_chromium
from scripts.chromium_page import Page
from tests.integration.app.conftest import HOST, TOKEN, RunningApp

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed")


def test_a_visitor_uploads_a_photo_and_corrects_a_name(
    page: Page, app: RunningApp, photo: Path
) -> None:
    page.open(app.url)
    page.wait_for_text("Or try a held-out picture")
    page.upload(photo)
    page.wait_for("document.querySelectorAll('.photo rect').length === 2")
    page.wait_for_text("For photos, use the model fisher")
    page.wait_for("document.querySelector('.photo img').alt.startsWith('The picture, with ')")
    before = len(app.feedback)
    page.evaluate("document.querySelector('article input').focus()")
    name = app.backend.images.enrolled.identities[4]
    page.type(name.upper())
    page.press("Enter")
    page.wait_for_text(f"Recorded as {name}.")
    assert app.feedback[before][1] == name


def test_a_sample_is_recognised_and_confirmed(page: Page, app: RunningApp) -> None:
    page.open(app.url)
    name = str(app.backend.images.samples.labels[0])
    page.click(f"Sample of {name}")
    page.wait_for_text("90% sure, by version 1")
    page.wait_for("document.querySelectorAll('.parts rect').length === 64")
    page.wait_for("document.querySelector('.parts').ariaLabel.includes(' of the picture speak ')")
    page.click(f"Yes, {name}")
    page.wait_for_text(f"Recorded as {name}.")
    assert app.feedback[-1][1] == name


def test_the_camera_takes_a_picture(page: Page, app: RunningApp) -> None:
    page.open(app.url)
    page.click("Use the camera")
    page.wait_for("document.querySelector('video')?.videoWidth > 0")
    page.click("Take a picture")
    page.wait_for("document.querySelectorAll('.photo rect').length === 2")
    page.wait_for("camera.stream === null")


def test_what_is_no_photo_is_refused_in_one_line(
    page: Page, app: RunningApp, tmp_path: Path
) -> None:
    file = tmp_path / "notes.png"
    file.write_text("no picture")
    page.open(app.url)
    page.wait_for_text("Or try a held-out picture")
    page.upload(file)
    page.wait_for_text("The picture is not an image: replace it")


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(
    page: Page, app: RunningApp, tmp_path: Path
) -> None:
    file = tmp_path / "large.png"
    with file.open("wb") as opened:
        opened.truncate(MAX_REQUEST_BYTES + 1)
    page.open(app.url)
    page.wait_for_text("Or try a held-out picture")
    page.upload(file)
    page.wait_for_text("the file is no picture, or larger than 32 MB")


def test_a_photo_of_twelve_megapixels_is_recognised(
    page: Page, app: RunningApp, photo: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.jpg"
    Image.open(photo).resize((4500, 2700)).save(large)
    page.open(app.url)
    page.wait_for_text("Or try a held-out picture")
    page.upload(large)
    page.wait_for("document.querySelectorAll('.photo rect').length === 2")


def test_an_endpoint_that_is_down_is_reported_with_the_fix(
    page: Page, app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.open(app.url)
    page.wait_for_text("Or try a held-out picture")
    monkeypatch.setattr(app.backend, "url", "http://127.0.0.1:9")
    page.evaluate("document.querySelector('.sample').click()")
    page.wait_for_text("no endpoint responds at http://127.0.0.1:9")


def test_two_tabs_do_not_disturb_each_other(page: Page, browser: Browser, app: RunningApp) -> None:
    first, second = str(app.backend.images.samples.labels[0]), "synthetic-04"
    page.open(app.url)
    with browser.page() as other:
        other.open(app.url)
        other.wait_for_text("Or try a held-out picture")
        other.evaluate("[...document.querySelectorAll('.sample')].at(-1).click()")
        page.click(f"Sample of {first}")
        other.wait_for_text(f"Yes, {second}")
        page.wait_for_text(f"Yes, {first}")
        assert f"Yes, {first}" not in other.evaluate("document.body.innerText")


def test_on_another_host_a_browser_needs_the_token(browser: Browser, app: RunningApp) -> None:
    with browser.page() as page:
        page.open(app.guarded_url)
        for token, answer in (("a wrong one", "That is not the token."), (TOKEN, "Or try a held")):
            page.wait_for("location.pathname === '/login'")
            page.evaluate("document.querySelector('input').focus()")
            page.type(token)
            page.press("Enter")
            page.wait_for_text(answer)
        name = str(app.backend.images.samples.labels[0])
        page.click(f"Sample of {name}")
        page.wait_for_text("90% sure, by version 1")
        assert TOKEN not in page.evaluate("document.cookie"), "scripts do not see it"
        assert {urlsplit(url).netloc for url in page.requests} == {urlsplit(app.guarded_url).netloc}


def test_without_a_token_only_names_of_this_machine_are_served(
    browser: Browser, app: RunningApp
) -> None:
    with browser.page() as page:
        page.open(app.url.replace("127.0.0.1", HOST))
        page.wait_for_text("Host: without a token, only")
