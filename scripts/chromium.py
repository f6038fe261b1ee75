"""Drive a headless Chromium over its DevTools protocol: for browser tests and screenshots."""

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from scripts.chromium_page import Page

START_TIMEOUT_SECONDS = 30
PORT_FILE = "DevToolsActivePort"


def find_chromium() -> str | None:
    """Return the path of Chromium, None if it is not installed."""
    return which("chromium") or which("chromium-browser")


class Browser:
    """A running Chromium.

    Args:
        address: Host and port of its DevTools.
        browser: Address of the DevTools connection of the whole browser.
    """

    def __init__(self, address: str, browser: str) -> None:
        self._address, self._browser = address, browser

    @contextmanager
    def page(self) -> Iterator[Page]:
        """Open a tab within the block.

        Yields:
            The tab.
        """
        with connect(self._browser, max_size=None) as browser:
            message = {"id": 1, "method": "Target.createTarget", "params": {"url": "about:blank"}}
            browser.send(json.dumps(message))
            target = json.loads(browser.recv())["result"]["targetId"]
        url = f"ws://{self._address}/devtools/page/{target}"
        with connect(url, max_size=None) as connection:
            page = Page(connection)
            yield page
            with suppress(ConnectionClosed, TimeoutError):
                page.send("Page.close")


@contextmanager
def chromium(extra: Sequence[str] = ()) -> Iterator[Browser]:
    """Run a headless Chromium within the block, with an empty profile.

    Args:
        extra: More of its command-line arguments.

    Yields:
        The browser.

    Raises:
        RuntimeError: If it is not installed, or does not start.
    """
    program = find_chromium()
    if program is None:
        raise RuntimeError("chromium is not installed")
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            program, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}",
            "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--hide-scrollbars", *extra,
            "about:blank",
        ]  # fmt: skip
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                port, path = _await_port(Path(profile) / PORT_FILE)
                address = f"127.0.0.1:{port}"
                yield Browser(address, f"ws://{address}{path}")
            finally:
                process.terminate()
                process.wait()


def _await_port(file: Path) -> tuple[str, str]:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if file.exists() and len(lines := file.read_text().splitlines()) == 2:
            return lines[0], lines[1]
        time.sleep(0.05)
    raise RuntimeError("chromium did not start in time")
