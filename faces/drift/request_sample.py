"""A random sample of captured requests, chosen while they are read, so that memory is bounded."""

import heapq
from collections.abc import Iterator
from hashlib import blake2b

from faces.runtime.capture_format import CapturedRecord


class RequestSample:
    """Keeps a simple random sample of the requests that it is given.

    Each request has a random rank, and those with the lowest ranks are kept. The same requests and
    seed have the same sample, in whatever order they are read.

    Args:
        faces: The sample has at most this many faces; at least one request is kept.
        since: Requests until this time, in nanoseconds since 1970, are left out.
        seed: Seed of the ranks.
    """

    def __init__(self, faces: int, since: int, seed: int = 0) -> None:
        self.limit, self.since = faces, since
        self.seen = 0
        """Number of faces of all requests that were given."""
        self._key = seed.to_bytes(8, "big")
        self._heap: list[tuple[int, int, CapturedRecord]] = []
        self._faces = 0
        self._dropped: set[int] = set()

    def add(self, record: CapturedRecord) -> None:
        """Keep a request, or drop it or another one.

        Args:
            record: A prediction.
        """
        if record.head["time"] * 1e9 <= self.since:
            return
        name = str(record.head["id"]).encode()
        rank = int.from_bytes(blake2b(name, digest_size=8, key=self._key).digest(), "big")
        self.seen += record.head["faces"]
        self._faces += record.head["faces"]
        heapq.heappush(self._heap, (-rank, self.seen, record))
        while self._faces > self.limit and len(self._heap) > 1:
            dropped = heapq.heappop(self._heap)[2]
            self._faces -= dropped.head["faces"]
            self._dropped.add(_identify(dropped.head["id"], dropped.head["faces"]))

    def __iter__(self) -> Iterator[CapturedRecord]:
        return (record for _, _, record in self._heap)

    def has_dropped(self, request: str, faces: int) -> bool:
        """Return whether a request was given, but is not in the sample.

        Args:
            request: Its id.
            faces: Its number of faces.
        """
        return _identify(request, faces) in self._dropped


def _identify(request: str, faces: int) -> int:
    """Return a number for a request, which takes less memory than its id."""
    return hash((request, faces))
