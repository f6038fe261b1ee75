"""What a person can mend: one line that says what is wrong and what to do."""

from collections.abc import Iterable


class UserError(ValueError):
    """The command line, a config or the data is wrong. The message is for a person."""


class OperationError(RuntimeError):
    """Something did not work, through no fault of the input. The message is for a person."""


def require_choice(what: str, given: str, choices: Iterable[str]) -> str:
    """Return `given` if it is among `choices`; otherwise raise UserError naming them all."""
    known = sorted(choices)
    if given in known:
        return given
    raise UserError(f"unknown {what} '{given}': choose from {', '.join(known) or '(none)'}")
