"""PNG files of figures."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

DOTS_PER_INCH = 110


def as_png(figure: Figure) -> bytes:
    """Render a figure.

    Args:
        figure: The figure; its resolution is set to `DOTS_PER_INCH`.

    Returns:
        A PNG file.
    """
    figure.set_dpi(DOTS_PER_INCH)
    # `Figure.savefig` draws a figure with a layout engine once more, without showing it.
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    target = BytesIO()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba()))
    image.save(target, format="png", compress_level=1)
    return target.getvalue()


def grey_png(image: NDArray[np.floating]) -> bytes:
    """Encode an image.

    Args:
        image: Grey pixels (height, width) in [0, 1].

    Returns:
        A PNG file with 8 bits per pixel.
    """
    target = BytesIO()
    Image.fromarray((np.asarray(image) * 255).round().astype(np.uint8)).save(target, "png")
    return target.getvalue()


def stack_images(files: Sequence[bytes]) -> bytes:
    """Stack PNG files vertically, centred, on white.

    Args:
        files: At least one PNG file.

    Returns:
        A PNG file as wide as the widest of them.
    """
    images = [Image.open(BytesIO(png)).convert("RGB") for png in files]
    width, height = max(i.width for i in images), sum(i.height for i in images)
    sheet = Image.new("RGB", (width, height), "white")
    tops = np.cumsum([0, *(i.height for i in images)])
    for top, image in zip(tops, images, strict=False):
        sheet.paste(image, ((width - image.width) // 2, int(top)))
    target = BytesIO()
    sheet.save(target, format="png", compress_level=1)
    return target.getvalue()
