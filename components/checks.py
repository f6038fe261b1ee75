"""What is wrong with a part of a stack."""

PATIENCE = 5.0
"""Seconds that one question may take."""


class IllError(Exception):
    """Something is wrong: (what, remedy)."""

    def __str__(self) -> str:
        return ": ".join(self.args)
