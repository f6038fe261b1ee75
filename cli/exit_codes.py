"""Map exceptions to exit codes and one-line messages."""

import json
import sys
from collections.abc import Callable

from cli.runtime_env import logs_json
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
        _print_error(str(error))
        return 2
    except OperationError as error:
        _print_error(str(error))
        return 1
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else error
        _print_error(f"cannot read or write {what}")
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command can be run again at any time", file=sys.stderr)
        return 130


def _print_error(text: str) -> None:
    line = json.dumps({"level": "error", "message": text}, ensure_ascii=False)
    print(line if logs_json() else f"error: {text}", file=sys.stderr)
