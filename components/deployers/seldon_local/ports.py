"""Check that a server's port is free, and find out who uses it if it is not."""

import socket
from contextlib import suppress

import psutil

from faces.errors import OperationError


def require_free_port(host: str, port: int) -> None:
    """Check that a server can listen on a port.

    Args:
        host: The address to listen on, IPv4 or IPv6.
        port: The TCP port.

    Raises:
        OperationError: If it cannot; names the process that uses the port, if it is known.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OperationError(
                f"{host}:{port} cannot be used ({error.strerror}){_used_by(port)}: stop what uses "
                "it, or set endpoint.port in configs/deployment.yaml"
            ) from error


def _used_by(port: int) -> str:
    """Return which process listens on a port, as far as the system reports it."""
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            if listens and connection.pid:
                return f" by {psutil.Process(connection.pid).name()}, process {connection.pid}"
    return ""
