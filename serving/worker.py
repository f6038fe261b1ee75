"""How gunicorn's workers talk to clients: many connections each, none of which can block others.

A client that takes too long, to send a request, to read its answer or to say anything at all, is
hung up on. One look over all connections every second costs less than a timer for each request.
"""

import socket
import time
from contextlib import suppress
from typing import Any, ClassVar

import gevent
from gunicorn.workers.ggevent import GeventPyWSGIWorker, PyWSGIHandler


class Handler(PyWSGIHandler):  # type: ignore[misc]
    """One client's connection."""

    open: ClassVar[set["Handler"]] = set()
    since = 0.0
    """When the request at hand was first waited for."""

    def handle(self) -> None:
        """Answer request after request."""
        self.open.add(self)
        try:
            super().handle()
        finally:
            self.open.discard(self)

    def handle_one_request(self) -> Any:
        """Wait for a request and answer it."""
        self.since = time.monotonic()
        return super().handle_one_request()

    def hang_up(self) -> None:
        """End the connection, whatever it waits for."""
        with suppress(OSError, AttributeError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def log_request(self) -> None:
        """Requests are captured, not logged."""


class Worker(GeventPyWSGIWorker):  # type: ignore[misc]
    """gunicorn's gevent worker with that handler; its `keepalive` is a client's time."""

    wsgi_handler = Handler

    def run(self) -> None:
        """Serve until told to stop."""
        gevent.spawn(self._watch)
        super().run()

    def _watch(self) -> None:
        while True:
            gevent.sleep(1.0)
            late = time.monotonic() - self.cfg.keepalive
            for handler in [handler for handler in Handler.open if handler.since < late]:
                handler.hang_up()
