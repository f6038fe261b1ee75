"""How gunicorn's workers talk to clients: many connections each, none of which can block others."""

from typing import Any

import gevent
from gunicorn.workers.ggevent import GeventPyWSGIWorker, PyWSGIHandler

from serving.server import PATIENCE


class Handler(PyWSGIHandler):  # type: ignore[misc]
    """Gives up on a client that takes too long to send, to read, or to say anything at all."""

    def handle_one_request(self) -> Any:
        """None, which closes the connection, if time is up."""
        with gevent.Timeout(PATIENCE, False):
            return super().handle_one_request()
        return None

    def log_request(self) -> None:
        """Requests are captured, not logged."""


class Worker(GeventPyWSGIWorker):  # type: ignore[misc]
    """gunicorn's gevent worker with that handler."""

    wsgi_handler = Handler
