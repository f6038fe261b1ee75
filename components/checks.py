"""What is wrong with a part of a stack."""

TIMEOUT_SECONDS = 5.0
"""Seconds that one question may take."""


class CheckFailed(Exception):
    """Something is wrong: (what, remedy)."""

    def __str__(self) -> str:
        return ": ".join(self.args)
