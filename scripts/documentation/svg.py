"""Draw graphs and stacks as SVG, without scripts or fonts from elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 190, 34, 16, 34, 12
FILL, CONDITIONAL_FILL, LINE, TEXT = "#e8f0fe", "#ffffff", "#5f6f86", "#1b2733"


def draw_graph(nodes: Mapping[str, bool], edges: Iterable[tuple[str, str]], label: str) -> str:
    """Draw a directed graph without cycles from top to bottom.

    Args:
        nodes: Whether each node is conditional (drawn dashed), by name, in order.
        edges: Pairs of nodes.
        label: Text for those who do not see the drawing.

    Returns:
        The SVG.
    """
    edges = list(edges)
    rows = _rows(list(nodes), edges)
    columns = max(map(len, rows))
    width = 2 * MARGIN + columns * WIDTH + (columns - 1) * GAP_X
    place: dict[str, tuple[float, float]] = {}
    for number, row in enumerate(rows):
        left = (width - len(row) * WIDTH - (len(row) - 1) * GAP_X) / 2
        for column, node in enumerate(row):
            place[node] = (left + column * (WIDTH + GAP_X), MARGIN + number * (HEIGHT + GAP_Y))
    height = 2 * MARGIN + len(rows) * HEIGHT + (len(rows) - 1) * GAP_Y
    parts = [_arrow(place[start], place[end]) for start, end in sorted(edges)]
    parts += [_box(*place[node], node.replace("_", " "), nodes[node]) for node in nodes]
    return _document(width, height, label, parts)


def draw_boxes(rows: Sequence[tuple[str, Sequence[str]]], label: str) -> str:
    """Draw rows of boxes, each row with a title, and arrows from row to row.

    Args:
        rows: Title and texts of each row, from top to bottom.
        label: Text for those who do not see the drawing.

    Returns:
        The SVG.
    """
    wide, title_width = 200, 150
    columns = max(len(texts) for _, texts in rows)
    width = 2 * MARGIN + title_width + columns * (wide + GAP_X)
    parts: list[str] = []
    for number, (title, texts) in enumerate(rows):
        top = MARGIN + number * (HEIGHT + 12 + GAP_Y)
        parts.append(_text(MARGIN, top + HEIGHT / 2 + 10, title, "start", "bold"))
        if number:
            x = MARGIN + title_width + wide / 2
            parts.append(_line(x, top - GAP_Y, x, top))
        for column, text in enumerate(texts):
            left = MARGIN + title_width + column * (wide + GAP_X)
            parts.append(_box(left, top, text, False, wide, HEIGHT + 12))
    height = 2 * MARGIN + len(rows) * (HEIGHT + 12) + (len(rows) - 1) * GAP_Y
    return _document(width, height, label, parts)


def _rows(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Place nodes below those that they depend on, and others just above their first use."""
    depth = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for start, end in edges:
            depth[end] = max(depth[end], depth[start] + 1)
    for node in nodes:
        uses = [depth[end] for start, end in edges if start == node]
        if uses and node not in {end for _, end in edges}:
            depth[node] = min(uses) - 1
    rows: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for node in nodes:
        rows[depth[node]].append(node)
    return rows


def _document(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'role="img" aria-label="{escape(label)}" style="max-width:{width:g}px;width:100%;'
        'background:#fff;border-radius:6px" font-family="system-ui,sans-serif" font-size="13">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="{LINE}"/></marker></defs>'
        f"{''.join(parts)}</svg>"
    )


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    return _line(start[0] + WIDTH / 2, start[1] + HEIGHT, end[0] + WIDTH / 2, end[1])


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    bend = (y1 + y2) / 2
    path = f"M{x1:g} {y1:g}C{x1:g} {bend:g} {x2:g} {bend:g} {x2:g} {y2:g}"
    return f'<path d="{path}" fill="none" stroke="{LINE}" marker-end="url(#tip)"/>'


def _box(
    x: float, y: float, text: str, dashed: bool, width: float = WIDTH, height: float = HEIGHT
) -> str:
    fill = CONDITIONAL_FILL if dashed else FILL
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    lines = text.split("\n")
    top = y + height / 2 + 4 - 8 * (len(lines) - 1)
    texts = (
        _text(x + width / 2, top + 16 * number, line, "middle", "bold" if number else "normal")
        for number, line in enumerate(lines)
    )
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" fill="{fill}" '
        f'stroke="{LINE}"{dash}/>{"".join(texts)}'
    )


def _text(x: float, y: float, text: str, anchor: str, weight: str) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="{TEXT}">{escape(text)}</text>'
    )
