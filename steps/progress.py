"""Report the progress of a long step, next to the spinner."""

import logging

BAR_WIDTH = 30
log = logging.getLogger("progress")


def report_progress(what: str, done: int, total: int, detail: str = "") -> None:
    """Log the progress of a long step, which the terminal shows next to its spinner.

    Args:
        what: What is being done, such as "sending faces".
        done: Number of finished units.
        total: Number of all units, at least 1.
        detail: What is being done right now; "" for nothing.
    """
    full = BAR_WIDTH * done // total
    bar = "━" * full + "╌" * (BAR_WIDTH - full)
    log.info("%s %s %d of %d%s", what, bar, done, total, f": {detail}" if detail else "")
