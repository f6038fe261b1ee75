"""Bearer tokens of an endpoint, and what each of them allows. Standard library only."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

TOKEN, FEEDBACK_TOKENS = "FACES_TOKEN", "FACES_FEEDBACK_TOKENS"
"""Environment variables of a server: the token for predictions; those for feedback, as JSON."""


@dataclass(frozen=True)
class Tokens:
    """The bearer tokens that an endpoint accepts.

    Attributes:
        prediction: Allows everything except feedback.
        feedback: Tokens that allow feedback, too, by the name of the sender to whom each belongs.
    """

    prediction: str = field(repr=False)
    feedback: Mapping[str, str] = field(default_factory=dict, repr=False)

    def to_environment(self) -> dict[str, str]:
        """Return the environment variables that hand the tokens to a server."""
        return {TOKEN: self.prediction, FEEDBACK_TOKENS: json.dumps(self.feedback, sort_keys=True)}


def read_tokens(environment: Mapping[str, str]) -> Tokens | None:
    """Read the tokens that `Tokens.to_environment` wrote.

    Args:
        environment: Environment variables.

    Returns:
        The tokens; None if the server is open to all.
    """
    prediction = environment.get(TOKEN)
    if not prediction:
        return None
    return Tokens(prediction, json.loads(environment.get(FEEDBACK_TOKENS) or "{}"))


@dataclass(frozen=True)
class Caller:
    """A client of the endpoint, as its token identifies it.

    Attributes:
        sender: The name under which its feedback is captured; "" without one.
        may_send_feedback: Whether its feedback is accepted.
    """

    sender: str
    may_send_feedback: bool


SCHEME = b"bearer "
"""The authentication scheme, which is case-insensitive (RFC 9110)."""

ANONYMOUS = Caller("", True)
"""Every client of an endpoint without tokens."""


class Authenticator:
    """Identifies callers by the header `Authorization`.

    Args:
        tokens: The tokens that are accepted; None accepts everybody.
    """

    def __init__(self, tokens: Tokens | None) -> None:
        self._callers: list[tuple[bytes, Caller]] | None = None
        if tokens:
            self._callers = [(tokens.prediction.encode(), Caller("", False))] + [
                (token.encode(), Caller(sender, True)) for sender, token in tokens.feedback.items()
            ]

    def identify(self, authorization: bytes) -> Caller | None:
        """Identify a caller, in a time that does not depend on which token matches.

        Args:
            authorization: The value of the header; b"" without one.

        Returns:
            The caller; None if the token is missing or wrong.
        """
        if self._callers is None:
            return ANONYMOUS
        if authorization[: len(SCHEME)].lower() == SCHEME:
            authorization = authorization[len(SCHEME) :].strip(b" ")
        else:
            return None
        found = None
        for token, caller in self._callers:
            if hmac.compare_digest(authorization, token):
                found = caller
        return found
