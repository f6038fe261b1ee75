"""What the server does under a path."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from serving.request_body import JSON
from serving.seldon_application import Environ
from serving.tokens import Caller

Response = tuple[int, bytes, str, Mapping[str, str]]
"""Status code, body, content type and further headers."""

PREDICTIONS, FEEDBACK, OTHER = "predict", "feedback", "other"


class Route(NamedTuple):
    """What a path does: its method (GET includes HEAD), and what answers.

    Attributes:
        kind: Kind of request in the metrics; feedback needs a token for it.
        public: Whether it needs no token.
        types: Content types of bodies that it accepts.
        query: Whether GET is also accepted, with the message in the query.
    """

    method: str
    answer: Callable[[Environ, bytes, Caller], Response]
    kind: str = OTHER
    public: bool = False
    types: frozenset[str] = frozenset({JSON})
    query: bool = False

    @property
    def methods(self) -> list[str]:
        """The methods that are allowed."""
        if self.method == "GET":
            return ["GET", "HEAD"]
        return ["GET", self.method] if self.query else [self.method]
