"""Small pieces of Markdown."""

from collections.abc import Iterable, Sequence


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table.

    Args:
        titles: Titles of the columns.
        rows: Cells of each row.
    """
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """Return a text that does not end a table's cell.

    Args:
        text: Plain text of any number of lines.
    """
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def code(text: str) -> str:
    """Return a block of code or output.

    Args:
        text: Its lines.
    """
    return f"```\n{text.rstrip()}\n```\n"
