"""A fake of a chat's incoming webhook."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any

from tests.conftest import running
from tests.gcp.doubles.handler import JsonHandler


class Chat(ThreadingHTTPServer):
    """Accepts every message, after it has answered with each of `codes`.

    Attributes:
        url: The address to post to.
        codes: Statuses of the next answers; those that redirect lead here, where GET works, too.
        bodies: What was accepted.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/hook"
        self.codes = list[int]()
        self.bodies = list[dict[str, Any]]()

    @property
    def messages(self) -> list[str]:
        """The texts that were accepted."""
        return [body["text"] for body in self.bodies]


class Handler(JsonHandler):
    server: Chat

    def do_HEAD(self) -> None:
        self.respond(b"", code=405)

    def do_GET(self) -> None:
        self.respond({})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.codes:
            self.send_response(self.server.codes.pop(0))
            self.send_header("Location", self.server.url)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.server.bodies.append(body)
        self.respond({})


@contextmanager
def incoming_webhook() -> Iterator[Chat]:
    """Run the fake within the block."""
    chat = Chat()
    with running(chat):
        yield chat
