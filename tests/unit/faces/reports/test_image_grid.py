from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure

from faces.reports.image_grid import PER_ROW, image_grid, shorten_name

FACE = np.zeros((4, 4))


def test_a_long_name_keeps_its_start_and_its_end() -> None:
    assert shorten_name("synthetic-012") == "synthetic-012"
    assert shorten_name("Maximiliana_Wolfeschlegel_017") == "Maximili…_017"


@pytest.mark.parametrize("caption", ["{} ✓", "{} ✗\n({})"])
def test_captions_of_long_names_do_not_overlap(caption: str) -> None:
    names = [shorten_name(f"Maximiliana_Wolfeschlegel_{n:03}") for n in range(PER_ROW)]
    tiles = [(FACE, caption.format(name, name)) for name in names]
    figure = Figure(figsize=(10.5, 1.2))
    axis = figure.subplots(gridspec_kw={"left": 0.1, "right": 0.995, "bottom": 0, "top": 1})
    image_grid(axis, tiles, PER_ROW)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axis.texts]
    assert len(boxes) == PER_ROW
    for left, right in pairwise(boxes):
        assert left.x1 < right.x0


def test_a_name_is_never_read_as_a_formula() -> None:
    figure = Figure()
    image_grid(figure.subplots(), [(FACE, r"$\nonsense{$")], PER_ROW)
    figure.draw_without_rendering()
