"""Draw where time went: a flame graph as SVG without scripts, and a table of functions."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

WIDTH, ROW, SMALLEST = 1200.0, 17, 0.002
"""Pixels, pixels, and the smallest share of the time that is drawn."""

COLOURS = {True: "#f4a259", False: "#c9d6df"}
"""Of this project's functions, and of others."""

TABLE_ROWS = 40


@dataclass(frozen=True)
class Call:
    """A function on the stack, and what it called.

    Attributes:
        name: The function.
        place: Its file.
        seconds: Time on the stack.
        children: What it called.
        own: Whether it is this project's.
    """

    name: str
    place: str
    seconds: float
    children: tuple["Call", ...] = ()
    own: bool = False


def draw_flame_graph(root: Call) -> str:
    """Draw calls as nested bars whose width is their time.

    Args:
        root: The outermost call.

    Returns:
        The SVG.
    """
    bars = list(_bars(root, 0.0, 0, root.seconds or 1.0))
    height = (max(depth for *_, depth in bars) + 1) * ROW
    parts = []
    for call, x, width, depth in bars:
        y = depth * ROW
        share = call.seconds / (root.seconds or 1.0)
        title = f"{call.name} ({call.place}): {call.seconds:.3f} s, {share:.1%}"
        shown = call.name if width > 7 * len(call.name) else ""
        parts.append(
            f'<g><title>{escape(title)}</title><rect x="{x:.1f}" y="{y}" width="{width:.1f}" '
            f'height="{ROW - 1}" fill="{COLOURS[call.own]}"/>'
            f'<text x="{x + 3:.1f}" y="{y + 12}">{escape(shown)}</text></g>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height}" '
        f'font-family="system-ui,sans-serif" font-size="11">{"".join(parts)}</svg>'
    )


def _bars(
    call: Call, x: float, depth: int, total: float
) -> Iterator[tuple[Call, float, float, int]]:
    yield call, x, WIDTH * call.seconds / total, depth
    for child in sorted(call.children, key=lambda c: -c.seconds):
        if child.seconds / total >= SMALLEST:
            yield from _bars(child, x, depth + 1, total)
        x += WIDTH * child.seconds / total


def function_times(root: Call) -> list[tuple[str, str, float, float]]:
    """Add up the time of each function.

    Args:
        root: The outermost call.

    Returns:
        Name, file, seconds without and with what it called; the largest first. Time in recursive
        calls counts once.
    """
    own: dict[tuple[str, str], float] = defaultdict(float)
    total: dict[tuple[str, str], float] = defaultdict(float)

    def visit(call: Call, above: frozenset[tuple[str, str]]) -> None:
        key = (call.name, call.place)
        own[key] += call.seconds - sum(child.seconds for child in call.children)
        if key not in above:
            total[key] += call.seconds
        for child in call.children:
            visit(child, above | {key})

    visit(root, frozenset())
    rows = [(*key, max(0.0, own[key]), total[key]) for key in own]
    return sorted(rows, key=lambda row: -row[2])


def profile_files(title: str, root: Call) -> dict[str, str]:
    """Write a profile as a page and as CSV.

    Args:
        title: The page's title.
        root: The outermost call.

    Returns:
        `page.html` with the flame graph and the first rows of the table, and `functions.csv`.
    """
    times = function_times(root)
    lines = [f'"{name}","{place}",{own:.4f},{total:.4f}' for name, place, own, total in times]
    rows = "".join(
        f"<tr><td>{escape(name)}<td>{escape(place)}<td>{own:.3f}<td>{total:.3f}"
        for name, place, own, total in times[:TABLE_ROWS]
    )
    page = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>"
        "<style>body{font:14px system-ui,sans-serif;margin:1rem}td{padding:.1rem .8rem .1rem 0}"
        "td:nth-child(n+3){text-align:right}</style>"
        f"<h1>{escape(title)}</h1><p>{root.seconds:.2f} s; functions of this project are orange. "
        "Point at a bar for its function.</p>"
        f"{draw_flame_graph(root)}<table><tr><th>function<th>file<th>own s<th>total s{rows}"
        "</table></html>"
    )
    return {"page.html": page, "functions.csv": "\n".join(["function,file,own,total", *lines])}
