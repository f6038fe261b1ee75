"""A tab of Chromium, driven over its DevTools protocol."""

import base64
import itertools
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection

WAIT_SECONDS = 15

FIND = """(() => {
  const all = document.querySelectorAll('button, a, [role=option]');
  const found = [...all].find((e) => (e.innerText.trim() === TEXT || e.ariaLabel === TEXT)
    && e.getClientRects().length && !e.disabled);
  if (!found) return null;
  found.scrollIntoView({ block: 'center', behavior: 'instant' });
  if (found.closest('.q-dialog')?.getAnimations({ subtree: true }).length) return null;
  const box = found.getBoundingClientRect();
  const middle = [box.x + box.width / 2, box.y + box.height / 2];
  return found.contains(document.elementFromPoint(...middle)) ? middle : null;
})()"""
"""JavaScript that returns the middle of the button or link with a text; null if none can be clicked
yet."""


class Page:
    """A tab of the browser.

    Args:
        connection: Its DevTools connection.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._ids = itertools.count(1)
        self.requests: list[str] = []
        """Addresses that the tab has requested; data and blob URIs are left out."""
        for domain in ("Page", "Runtime", "Network", "DOM"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol.

        Args:
            method: Its name.
            **params: Its parameters.

        Returns:
            Its result.

        Raises:
            RuntimeError: If the browser reports an error.
        """
        number = next(self._ids)
        self._connection.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._connection.recv(timeout=WAIT_SECONDS))
            self._note_request(message)
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                result: dict[str, Any] = message["result"]
                return result

    def _note_request(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        url = None
        if message.get("method") == "Network.requestWillBeSent":
            url = params["request"]["url"]
        elif message.get("method") == "Network.webSocketCreated":
            url = params["url"]
        if url and urlsplit(url).scheme not in {"data", "blob"}:
            self.requests.append(url)

    def open(self, url: str) -> None:
        """Open an address and wait until the page is complete.

        Args:
            url: The address.
        """
        self.send("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def evaluate(self, expression: str) -> Any:
        """Evaluate JavaScript.

        Args:
            expression: An expression; a promise is awaited.

        Returns:
            Its value.

        Raises:
            RuntimeError: If it throws.
        """
        reply = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in reply:
            raise RuntimeError(f"{expression}: {reply['exceptionDetails']}")
        return reply["result"].get("value")

    def wait_for(self, expression: str, seconds: float = WAIT_SECONDS) -> Any:
        """Wait until an expression is true.

        Args:
            expression: JavaScript.
            seconds: How long to wait.

        Returns:
            Its value.

        Raises:
            TimeoutError: If it does not become true; the message has the page's text.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(RuntimeError):
                if value := self.evaluate(expression):
                    return value
            time.sleep(0.05)
        text = self.evaluate("document.body.innerText")
        raise TimeoutError(f"never true: {expression}; the page shows: {text[:2000]}")

    def wait_for_text(self, text: str, seconds: float = WAIT_SECONDS) -> None:
        """Wait until the page shows a text.

        Args:
            text: The text.
            seconds: How long to wait.
        """
        self.wait_for(f"document.body.innerText.includes({json.dumps(text)})", seconds)

    def click(self, text: str) -> None:
        """Click the visible button or link with a text, as a user does.

        Args:
            text: Its text or label.
        """
        find = FIND.replace("TEXT", json.dumps(text))
        place, previous = self.wait_for(find), None
        while place != previous:  # it may be moving
            time.sleep(0.05)
            place, previous = self.wait_for(find), place
        for kind in ("mousePressed", "mouseReleased"):
            self.send(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left",
                clickCount=1,
            )  # fmt: skip

    def press(self, key: str) -> None:
        """Press a key.

        Args:
            key: A character, or the name of a key such as "Enter".
        """
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        codes = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowDown": 40}
        code = codes.get(key, ord(key.upper()) if len(key) == 1 else 0)
        common = {"key": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        """Type a text into the element that has the focus.

        Args:
            text: The text.
        """
        self.send("Input.insertText", text=text)

    def upload(self, file: Path) -> None:
        """Choose a file in the page's first file input.

        Args:
            file: The file.
        """
        self.wait_for("document.querySelector('input[type=file]')?.tagName")
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector="input[type=file]")["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    def emulate(self, width: int, height: int, dark: bool = False) -> None:
        """Set the size of the window and the colour scheme.

        Args:
            width: Width in CSS pixels.
            height: Height.
            dark: Whether the user prefers dark colours.
        """
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, whole: bool = False) -> bytes:
        """Return a picture of the page as PNG.

        Args:
            whole: Whether to include what has to be scrolled to.
        """
        reply = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(reply["data"])
