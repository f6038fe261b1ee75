"""Send a request to a cluster again if it failed for a reason that passes."""

import time
from collections.abc import Callable
from typing import TypeVar

from urllib3.exceptions import HTTPError

Response = TypeVar("Response")

DELAYS_SECONDS = (0.5, 1.0, 2.0)
"""Seconds to wait before each further attempt."""

MAX_SECONDS = 10.0
"""Seconds after which a request is not sent again: two attempts if the cluster is silent."""

EXPIRED = 401

TRANSIENT = {EXPIRED, 403, 408, 429, 500, 502, 503, 504}
"""HTTP statuses that may pass. A new role takes seconds to take effect, hence 403."""


def retry(request: Callable[[], Response], renew: Callable[[], None]) -> Response:
    """Return the response to a request, which is sent up to four times.

    Args:
        request: Sends the request. It must have the same effect if it is sent twice.
        renew: Renews the credentials; called if they have expired.

    Raises:
        Exception: What the last attempt raised.
    """
    begin = time.monotonic()
    for delay in DELAYS_SECONDS:
        try:
            return request()
        except Exception as error:
            status = getattr(error, "status", None)
            transient = isinstance(error, HTTPError) or status in TRANSIENT
            if not transient or time.monotonic() - begin > MAX_SECONDS:
                raise
            time.sleep(delay)
            if status == EXPIRED:
                renew()
    return request()
