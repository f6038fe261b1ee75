"""PNG files of figures."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from matplotlib.figure import Figure
from PIL import Image


def as_png(figure: Figure) -> bytes:
    """Render a figure.

    Args:
        figure: The figure, at 110 dots per inch.

    Returns:
        A PNG file.
    """
    target = BytesIO()
    figure.savefig(target, format="png", dpi=110, pil_kwargs={"compress_level": 1})
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
