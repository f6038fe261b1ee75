"""Faces of a monitoring window in reports: which are shown, and their captions."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.data.dataset import Faces
from faces.data.window import Window
from faces.drift.monitoring import is_correct
from faces.reports.image_grid import Tile, one_per_person, shorten_name


def sample_rows(window: Window) -> NDArray[np.integer]:
    """Choose faces of a window with as many different identities as possible.

    Args:
        window: The window.

    Returns:
        Row numbers, at most `PER_ROW`.
    """
    conditions = pd.DataFrame(index=range(len(window)))
    faces = Faces(window.images, window.predicted, conditions, source="captured")
    return one_per_person(faces, np.arange(len(window)))


def captioned(window: Window, rows: Iterable[int]) -> list[Tile]:
    """Return faces of a window with the prediction and, if feedback labelled them, the label.

    Args:
        window: The window.
        rows: Numbers of the rows to show.

    Returns:
        A tile for each row; ✓ or ✗ marks whether the prediction is the label.
    """
    captions = _captions(window)
    return [(window.images[row], captions[row]) for row in rows]


def _captions(window: Window) -> list[str]:
    return [
        shorten_name(predicted) if not label
        else f"{shorten_name(predicted)} ✓" if correct
        else f"{shorten_name(predicted)} ✗\n({shorten_name(label)})"
        for predicted, label, correct in zip(
            window.predicted, window.labels, is_correct(window), strict=True
        )
    ]  # fmt: skip
