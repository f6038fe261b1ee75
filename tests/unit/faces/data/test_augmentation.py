import numpy as np
import pytest

from faces.data.augmentation import augment, shift_images
from faces.data.dataset import Faces


@pytest.mark.parametrize(
    ("mirror", "shift", "copies"), [(False, 0, 1), (True, 0, 2), (False, 3, 5), (True, 3, 10)]
)
def test_copies_are_in_blocks_after_the_original_images(
    drawn: Faces, mirror: bool, shift: int, copies: int
) -> None:
    images = drawn.images[:4]
    blocks = augment(images, mirror=mirror, shift=shift).reshape(copies, 4, 64, 64)
    assert np.array_equal(blocks[0], images)
    assert len({block.tobytes() for block in blocks}) == copies
    if mirror:
        assert np.array_equal(blocks[copies // 2], images[:, :, ::-1])


def test_shifted_images_repeat_the_edge() -> None:
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    assert shift_images(image, 1, 0)[0, :, 0].tolist() == [0, 0, 4, 8]
    assert shift_images(image, 0, -2)[0, 0].tolist() == [2, 3, 3, 3]
    assert np.array_equal(shift_images(image, 0, 0), image)
