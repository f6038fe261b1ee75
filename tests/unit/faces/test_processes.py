import os
from pathlib import Path

import numpy as np

from faces.data.augmentation import shift_images
from faces.data.dataset import Faces
from faces.processes import run_in_process, run_on_images


def test_images_in_a_file_are_read_by_another_process(drawn: Faces, tmp_path: Path) -> None:
    expected = shift_images(drawn.images, 2, right=1)
    np.save(tmp_path / "images.npy", drawn.images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert np.array_equal(run_on_images(shift_images, mapped, 2, right=1), expected)
    assert np.array_equal(run_on_images(shift_images, drawn.images, 2, right=1), expected)
    assert run_in_process(os.getpid) != os.getpid()
