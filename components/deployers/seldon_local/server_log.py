"""Read the local server's log."""

from pathlib import Path

from serving.settings import log_file


def last_log_line(folder: Path) -> str:
    """Return the last line of a server's log that is not blank.

    Args:
        folder: The server's folder.
    """
    lines = reversed(read_log(folder))
    return next((line.strip() for line in lines if line.strip()), "its log is empty")


def read_log(folder: Path, tail: int | None = None) -> list[str]:
    """Read a server's log.

    Args:
        folder: The server's folder.
        tail: The number of last lines; None for all.

    Returns:
        Its lines; none if there is no log.
    """
    try:
        lines = log_file(folder).read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return lines[-tail:] if tail else lines
