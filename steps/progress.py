"""Report the progress of a long step, next to the spinner."""

import logging

BAR_WIDTH = 30
log = logging.getLogger("progress")


def report_progress(what: str, done: int, total: int, detail: str = "") -> None:
    """Show `what`, a bar, "`done` of `total`" and a detail."""
    full = BAR_WIDTH * done // total
    bar = "━" * full + "╌" * (BAR_WIDTH - full)
    log.info("%s %s %d of %d%s", what, bar, done, total, f": {detail}" if detail else "")
