"""Gunicorn gevent worker that disconnects idle and slow clients.

A worker serves many connections, and none can block another. A client that takes too long to send
a request, to read the response or to send the next request is disconnected. Checking all
connections once a second costs less than a timer for each request.
"""

import socket
import time
from contextlib import suppress
from typing import Any, ClassVar

import gevent
from gunicorn.workers.ggevent import GeventPyWSGIWorker, PyWSGIHandler

CHECK_SECONDS = 1.0


class Handler(PyWSGIHandler):  # type: ignore[misc]
    """The connection of one client."""

    active: ClassVar[set["Handler"]] = set()
    waiting_since = 0.0
    """When the current request was first waited for, on the monotonic clock."""

    def handle(self) -> None:
        """Answer requests until the connection ends."""
        self.active.add(self)
        try:
            super().handle()
        finally:
            self.active.discard(self)

    def handle_one_request(self) -> Any:
        """Wait for a request and answer it. See PyWSGIHandler."""
        self.waiting_since = time.monotonic()
        return super().handle_one_request()

    def disconnect(self) -> None:
        """End the connection, even while it is waiting."""
        with suppress(OSError, AttributeError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def log_request(self) -> None:
        """Do nothing: requests are captured, not logged."""


class Worker(GeventPyWSGIWorker):  # type: ignore[misc]
    """The gevent worker with that handler; gunicorn's `keepalive` is the clients' timeout."""

    wsgi_handler = Handler

    def run(self) -> None:
        """Serve until the worker is stopped."""
        gevent.spawn(self._disconnect_slow_clients)
        super().run()

    def _disconnect_slow_clients(self) -> None:
        while True:
            gevent.sleep(CHECK_SECONDS)
            oldest = time.monotonic() - self.cfg.keepalive
            for handler in [h for h in Handler.active if h.waiting_since < oldest]:
                handler.disconnect()
