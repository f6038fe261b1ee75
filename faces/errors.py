"""Errors for users: one line with the cause and the fix."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(ValueError):
    """Something that the user can fix: the command line, a config or the data."""


class OperationError(RuntimeError):
    """An operation failed although the input was valid."""


def require_choice(what: str, value: str, choices: Iterable[str]) -> str:
    """Check that a value is one of the choices.

    Args:
        what: What the value is, for the message: "model", "condition".
        value: The value to check.
        choices: The allowed values.

    Returns:
        The value.

    Raises:
        UserError: If it is none of the choices; the message suggests the nearest and lists all.
    """
    known = sorted(choices)
    if value in known:
        return value
    raise UserError(unknown_choice(what, value, known))


def unknown_choice(what: str, value: str, choices: Iterable[str]) -> str:
    """Describe a value that is none of the choices, with the nearest one and all of them.

    Args:
        what: What the value is: "model", "key".
        value: The value.
        choices: The allowed values.

    Returns:
        The message, in one line.
    """
    known = sorted(choices)
    listed = ", ".join(known) or "(none)"
    return f"unknown {what} '{value}': {did_you_mean(value, known)}choose from {listed}"


def did_you_mean(value: str, choices: Iterable[str]) -> str:
    """Suggest the choice that resembles a misspelt value.

    Args:
        value: What the user wrote.
        choices: The allowed values.

    Returns:
        "did you mean 'x'? ", to be continued by a list of the choices; "" if none is similar.
    """
    nearest = get_close_matches(value, list(choices), n=1)
    return f"did you mean '{nearest[0]}'? " if nearest else ""
