"""Decode image files and uploads, with limits: the only place that decodes pictures of others."""

import io
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from faces.errors import UserError

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "PPM", "WEBP")
"""Formats that are decoded, by Pillow's names; all others are refused without being parsed."""


class ImageRefused(UserError):
    """A picture that cannot be decoded, or exceeds a limit; the message continues its name."""


@dataclass(frozen=True)
class DecoderLimits:
    """What a picture may cost.

    Attributes:
        max_bytes: Size of the file.
        max_pixels: Width times height, which the file's header states before anything is decoded.
        max_seconds: Time to decode it, checked whenever the decoder reads on.
    """

    max_bytes: int = 30_000_000
    max_pixels: int = 60_000_000
    max_seconds: float = 10.0


class _Timed(io.BytesIO):
    """Bytes of a file that cannot be read any more when the time is up."""

    def __init__(self, data: bytes, seconds: float) -> None:
        super().__init__(data)
        self._deadline = time.monotonic() + seconds

    def read(self, size: int | None = -1) -> bytes:
        if time.monotonic() > self._deadline:
            raise TimeoutError
        return super().read(size)


@dataclass(frozen=True)
class Preview:
    """A picture as a page shows it.

    Attributes:
        jpeg: The picture in colour, upright and small enough for a page.
        width: Width of the original, upright.
        height: Height of the original.
    """

    jpeg: bytes
    width: int
    height: int


PREVIEW_SIDE = 1024
"""Longest side of a preview."""


def make_preview(data: bytes, limits: DecoderLimits | None = None) -> Preview:
    """Convert a picture for a page; nothing but its pixels is kept.

    Args:
        data: A PNG, JPEG, PGM or WebP file.
        limits: What it may cost; None for the default.

    Returns:
        The preview.

    Raises:
        ImageRefused: If it is no such file, damaged, or exceeds a limit.
    """
    with _opened(data, limits or DecoderLimits()) as image:
        from PIL import Image

        width, height = image.size
        if image.mode.startswith("I"):
            image = Image.fromarray(np.asarray(_to_grey(image) * 255, np.uint8))
        image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
        file = io.BytesIO()
        image.convert("RGB").save(file, "JPEG", quality=88)
        return Preview(file.getvalue(), width, height)


def decode_image(data: bytes, limits: DecoderLimits | None = None) -> NDArray[np.float32]:
    """Decode a picture.

    Args:
        data: A PNG, JPEG, PGM or WebP file.
        limits: What it may cost; None for the default.

    Returns:
        Grey pixels (height, width) in [0, 1], upright by the EXIF orientation.

    Raises:
        ImageRefused: If it is no such file, damaged, or exceeds a limit.
    """
    with _opened(data, limits or DecoderLimits()) as image:
        return _to_grey(image)


@contextmanager
def _opened(data: bytes, limits: DecoderLimits) -> Iterator["Image.Image"]:
    """Open a picture, upright; whatever goes wrong within the block is a refusal, too."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if not data:
        raise ImageRefused("is empty: replace or remove it")
    if len(data) > limits.max_bytes:
        raise ImageRefused(f"has more than {limits.max_bytes / 1e6:g} MB: use a smaller picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(_Timed(data, limits.max_seconds), formats=FORMATS)
        with opened:
            if opened.width * opened.height > limits.max_pixels:
                raise ImageRefused(
                    f"has {opened.width} × {opened.height} pixels, more than "
                    f"{limits.max_pixels / 1e6:g} million: use a smaller picture"
                )
            yield ImageOps.exif_transpose(opened)
    except ImageRefused:
        raise
    except TimeoutError as error:
        raise ImageRefused(f"takes longer than {limits.max_seconds:g} s to decode") from error
    except UnidentifiedImageError as error:
        raise ImageRefused(
            "is not an image: replace it with a PNG, JPEG, PGM or WebP file, or remove it"
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageRefused("has far too many pixels: use a smaller picture") from error
    except Exception as error:
        raise ImageRefused(f"cannot be decoded ({error}): replace or remove it") from error


def _to_grey(image: "Image.Image") -> NDArray[np.float32]:
    """Convert an image of any mode; 16 bits per pixel keep their range."""
    scale = 65535 if image.mode.startswith("I") else 255
    grey = np.asarray(image.convert("F" if scale == 65535 else "L"), np.float32)
    return np.asarray(np.clip(grey / np.float32(scale), 0, 1), np.float32)
