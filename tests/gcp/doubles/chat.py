"""A fake of a chat's incoming webhook."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from tests.conftest import running
from tests.gcp.doubles.handler import JsonHandler


class Chat(ThreadingHTTPServer):
    """Accepts every message.

    Attributes:
        url: The address to post to.
        messages: The texts that were posted.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/hook"
        self.messages = list[str]()


class Handler(JsonHandler):
    server: Chat

    def do_HEAD(self) -> None:
        self.respond(b"", code=405)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.messages.append(body["text"])
        self.respond({})


@contextmanager
def incoming_webhook() -> Iterator[Chat]:
    """Run the fake within the block."""
    chat = Chat()
    with running(chat):
        yield chat
