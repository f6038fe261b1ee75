"""Map exceptions to exit codes and one-line messages."""

import sys
from collections.abc import Callable

from faces.errors import OperationError, UserError


def exit_code(act: Callable[[], int | None]) -> int:
    """Run a command, and print an expected error as one line instead of a traceback.

    Args:
        act: The command; None stands for exit code 0.

    Returns:
        What `act` returns, or 0. 1: it failed, 2: the input is wrong, 130: it was interrupted.
    """
    try:
        return act() or 0
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OperationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else error
        print(f"error: cannot read or write {what}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command can be run again at any time", file=sys.stderr)
        return 130
