"""Refuse requests that a web page makes on behalf of its visitor.

An endpoint without tokens trusts everybody who can reach it. A page of another site could reach it
through its visitor's browser: with a form (cross-site request forgery), or by pointing its own
name at this machine (DNS rebinding).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from serving.errors import RequestError

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


class OriginCheck:
    """Checks the headers `Host` and `Origin`.

    Args:
        any_host: Whether clients may use any name for the server, since they need a token.
    """

    def __init__(self, any_host: bool) -> None:
        self._any_host = any_host

    def check(self, environ: Mapping[str, Any]) -> None:
        """Refuse a request for another host, or from a page of another origin.

        Args:
            environ: The request's WSGI environment.

        Raises:
            RequestError: 421 if the server is called by another name than that of this machine;
                403 if a page of another origin sent the request.
        """
        host = environ.get("HTTP_HOST", "")
        if not self._any_host and host and _without_port(host) not in LOOPBACK_NAMES:
            names = ", ".join(sorted(LOOPBACK_NAMES))
            raise RequestError(
                HTTPStatus.MISDIRECTED_REQUEST, f"Host: without a token, only {names} are served"
            )
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and urlsplit(origin).netloc != host:
            raise RequestError(HTTPStatus.FORBIDDEN, "Origin: pages of other origins are refused")

    def check_query(self, environ: Mapping[str, Any]) -> None:
        """Refuse a message in a query that a page of another origin sent: it needs no `Origin`.

        Args:
            environ: The request's WSGI environment.

        Raises:
            RequestError: 403.
        """
        if environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin"):
            raise RequestError(
                HTTPStatus.FORBIDDEN, "Sec-Fetch-Site: pages of other origins are refused"
            )


def _without_port(host: str) -> str:
    name, separator, port = host.rpartition(":")
    return (name if separator and port.isdigit() else host).lower()
