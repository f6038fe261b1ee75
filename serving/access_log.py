"""One log line per request, without content: only ids of the trace and, as JSON, the request."""

import logging
import re
from collections.abc import Mapping
from typing import Any

from serving.log_format import FIELDS

TRACE_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""https://www.w3.org/TR/trace-context/"""

log = logging.getLogger("serving.access")


REQUEST_ID = re.compile(rb'"(?:puid|id)": ?"([^"\\]{1,100})"')
"""In the body of an answer, in Seldon's protocol or in V2."""


def log_access(
    environ: Mapping[str, Any], kind: str, code: int, body: bytes, seconds: float
) -> None:
    """Log a request.

    Args:
        environ: Its WSGI environment.
        kind: Kind of request, as in the metrics.
        code: HTTP status of the response.
        body: The response's body, whose size is logged.
        seconds: Time from the request's arrival to its response.
    """
    parent = TRACE_PARENT.fullmatch(environ.get("HTTP_TRACEPARENT", ""))
    trace = f" trace {parent[1]}" if parent else ""
    fields = {
        "kind": kind,
        "status": code,
        "bytes": len(body),
        "milliseconds": round(1000 * seconds, 1),
        "trace": parent[1] if parent else None,
        "request": _request_id(body) if kind != "other" else None,
    }
    log.info(
        "%s %d %d bytes %.1f ms%s",
        kind,
        code,
        len(body),
        1000 * seconds,
        trace,
        extra={FIELDS: fields},
    )


def _request_id(body: bytes) -> str | None:
    match = REQUEST_ID.search(body)
    return match[1].decode() if match else None
