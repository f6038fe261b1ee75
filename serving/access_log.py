"""One log line per request, without anything that a client sent but the id of its trace."""

import logging
import re
from collections.abc import Mapping
from typing import Any

TRACE_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""https://www.w3.org/TR/trace-context/"""

log = logging.getLogger("serving.access")


def log_access(environ: Mapping[str, Any], kind: str, code: int, size: int, seconds: float) -> None:
    """Log a request.

    Args:
        environ: Its WSGI environment.
        kind: Kind of request, as in the metrics.
        code: HTTP status of the response.
        size: Size of the response's body in bytes.
        seconds: Time from the request's arrival to its response.
    """
    parent = TRACE_PARENT.fullmatch(environ.get("HTTP_TRACEPARENT", ""))
    trace = f" trace {parent[1]}" if parent else ""
    log.info("%s %d %d bytes %.1f ms%s", kind, code, size, 1000 * seconds, trace)
