"""Tell how far a long step is, beside the spinner."""

import logging

BAR = 30
log = logging.getLogger("progress")


def report_progress(what: str, done: int, total: int, about: str = "") -> None:
    """`what`, a bar, `done` of `total`, and what else there is to say."""
    full = BAR * done // total
    bar = "━" * full + "╌" * (BAR - full)
    log.info("%s %s %d of %d%s", what, bar, done, total, f": {about}" if about else "")
