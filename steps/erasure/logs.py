"""Remove names from log files on this machine."""

from collections.abc import Collection, Iterable
from pathlib import Path

from store.erasure.inventory import mentions


def remove_lines(files: Iterable[Path], names: Collection[str]) -> int:
    """Remove the lines that mention a name, in place: servers go on writing to the same files.

    Args:
        files: Log files, which need not exist.
        names: Names of people.

    Returns:
        The number of lines.
    """
    count = 0
    for path in files:
        if not path.exists():
            continue
        with path.open("r+", errors="surrogateescape") as file:
            lines = file.readlines()
            kept = [line for line in lines if not mentions(line, names)]
            if len(kept) < len(lines):
                file.seek(0)
                file.truncate()
                file.writelines(kept)
        count += len(lines) - len(kept)
    return count
