import io

import numpy as np
import pytest
from PIL import Image

from faces.data.image_decoder import DecoderLimits, ImageRefused, decode_image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_a_photo_is_turned_upright_by_its_orientation() -> None:
    image = Image.new("L", (40, 20))
    image.paste(255, (0, 0, 40, 4))
    exif = image.getexif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90° clockwise
    pixels = decode_image(encoded(image, "JPEG", quality=95, exif=exif))
    assert pixels.shape == (40, 20)
    assert pixels[:, -3:].min() > 0.8
    assert pixels[:, :10].max() < 0.2


@pytest.mark.parametrize("kind", ["PNG", "PPM"])
def test_all_depths_span_0_to_1(kind: str) -> None:
    deep = Image.fromarray(np.array([[0, 65535, 32768]], np.uint16))
    assert decode_image(encoded(deep, kind)).ravel() == pytest.approx([0, 1, 0.5], abs=1e-4)
    assert decode_image(encoded(Image.new("RGBA", (2, 2), (255, 255, 255, 0)))).max() == 1


@pytest.mark.parametrize(
    ("data", "limits", "message"),
    [
        (b"", DecoderLimits(), "^is empty"),
        (b"GIF89a", DecoderLimits(), "^is not an image"),
        (encoded(Image.new("L", (9, 9)), "GIF"), DecoderLimits(), "^is not an image"),
        (encoded(Image.effect_noise((50, 50), 50))[:-900], DecoderLimits(), "^cannot be decoded"),
        (bytes(101), DecoderLimits(max_bytes=100), "^has more than 0.0001 MB"),
        (encoded(Image.new("L", (100, 50))), DecoderLimits(max_pixels=4999), "^has 100 × 50"),
        (encoded(Image.new("L", (9, 9))), DecoderLimits(max_seconds=-1), "^takes longer than"),
    ],
)
def test_what_is_no_picture_or_too_much_is_refused(
    data: bytes, limits: DecoderLimits, message: str
) -> None:
    with pytest.raises(ImageRefused, match=message):
        decode_image(data, limits)


def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    import tracemalloc

    bomb = encoded(Image.new("1", (12_000, 12_000)))
    assert len(bomb) < 100_000
    decode_image(encoded(Image.new("L", (9, 9))))  # imports Pillow's decoders
    tracemalloc.start()
    with pytest.raises(ImageRefused, match="has 12000 × 12000 pixels"):
        decode_image(bomb)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
