"""How a command ends: 0 if it worked, and one line that says what was wrong if it did not."""

import sys
from collections.abc import Callable

from faces.errors import OperationError, UserError


def exit_code(act: Callable[[], None]) -> int:
    """Run `act`. 0: done, 1: failed, 2: mend your input."""
    try:
        act()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (OperationError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
