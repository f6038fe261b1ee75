"""Rows of images with titles, and which faces of a data set they show."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from faces.data.dataset import Faces

PER_ROW = 10
MAX_NAME = 13
"""Longest name that fits above an image if there are `PER_ROW` of them on a page."""

Tile = tuple[NDArray[np.floating], str]
"""An image and its title."""


def shorten_name(name: str) -> str:
    """Shorten a name that would overlap with those of neighbouring images.

    Args:
        name: Label of a person.

    Returns:
        At most `MAX_NAME` characters: the name, or its start and end with "…" between.
    """
    text, end = str(name), 4
    return text if len(text) <= MAX_NAME else f"{text[: MAX_NAME - end - 1]}…{text[-end:]}"


def one_per_person(faces: Faces, rows: NDArray[np.integer]) -> NDArray[np.integer]:
    """Choose up to `PER_ROW` images with as many different people as possible.

    Args:
        faces: The data.
        rows: Row numbers to choose from, (n,).

    Returns:
        The chosen row numbers, at most `PER_ROW`.
    """
    _, first = np.unique(faces.labels[rows], return_index=True)
    others = np.setdiff1d(np.arange(len(rows)), first)
    chosen = np.concatenate([first, others])[: max(PER_ROW, len(first))]
    pick = np.linspace(0, len(chosen) - 1, min(PER_ROW, len(chosen))).round().astype(int)
    picked: NDArray[np.integer] = rows[chosen[pick]]
    return picked


def image_grid(axis: Axes, tiles: Sequence[Tile], per_row: int, gap: float = 0.06) -> None:
    """Lay out images with titles on one axis: faster than one axis per image.

    Args:
        axis: Where they are drawn; its ticks and borders are removed.
        tiles: The images, grey in [0, 1], with their titles.
        per_row: Number of columns; a last row with fewer images is filled from the left.
        gap: Space between columns, in widths of an image.
    """
    for place, (image, title) in enumerate(tiles):
        x, y = place % per_row * (1 + gap), -(place // per_row) * 1.22
        axis.imshow(image, cmap="gray", vmin=0, vmax=1, extent=(x, x + 1, y, y + 1))
        axis.text(x + 0.5, y + 1.03, title, parse_math=False, ha="center", va="bottom", fontsize=7)
    rows = -(-len(tiles) // per_row)
    axis.set(
        xlim=(0, per_row * (1 + gap) - gap), ylim=(1.22 - 1.22 * rows, 1.22), xticks=[], yticks=[]
    )
    axis.spines[:].set_visible(False)
