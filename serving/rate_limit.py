"""Limit how many requests a client may send per second. Standard library only."""

import time
from collections.abc import Callable

MAX_CLIENTS = 10_000
"""Clients that are remembered. Above that, those that were quiet for longest are forgotten."""


class RateLimiter:
    """A token bucket for each client: it holds the requests of one second, and one at least.

    Args:
        rate: Requests per second.
        clock: Returns the time in seconds; it never goes back.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval, self._capacity = 1 / rate, max(1.0, 1 / rate)
        self._clock = clock
        self._full_at: dict[str, float] = {}
        """When the bucket of each client will be full, the least recent client first."""

    def take(self, client: str) -> float:
        """Count a request of a client, if it is within the limit.

        Args:
            client: Identifies the client.

        Returns:
            0 if the request is within the limit; otherwise the seconds after which one will be.
        """
        now = self._clock()
        full_at = max(self._full_at.get(client, now), now) + self._interval
        wait = full_at - now - self._capacity
        if wait > 1e-9:
            return wait
        self._full_at.pop(client, None)
        self._full_at[client] = full_at
        if len(self._full_at) > MAX_CLIENTS:
            del self._full_at[next(iter(self._full_at))]
        return 0.0
