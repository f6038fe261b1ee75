import time
import warnings

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.feature import local_binary_pattern

from faces.data.dataset import Faces
from faces.runtime import lbp
from faces.runtime.lbp import COARSE, COUNT, FINE, count_patterns, gaussian, smooth


@pytest.mark.parametrize("sigma", [0.7, 1.0, 2.0])
def test_smoothing_matches_scipy(drawn: Faces, sigma: float) -> None:
    ours = smooth(drawn.images[:5], gaussian(sigma))
    theirs = [gaussian_filter(image.astype(np.float64), sigma) for image in drawn.images[:5]]
    assert np.abs(ours - np.stack(theirs)).max() < 1e-6


def test_a_kernel_of_width_zero_changes_nothing(drawn: Faces) -> None:
    assert np.array_equal(smooth(drawn.images[:2], gaussian(0)), drawn.images[:2])


def test_the_patterns_match_scikit_image(drawn: Faces) -> None:
    images = smooth(drawn.images[:20], gaussian(1.0))
    ours = lbp._patterns(images)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = [local_binary_pattern(image.astype(np.float64), 8, 2) for image in images]
    assert (ours != np.stack(theirs)).mean() < 1e-4, "rounding differs where neighbours are equal"


def test_the_bins_match_scikit_images_uniform_patterns(drawn: Faces) -> None:
    images = smooth(drawn.images[:3], gaussian(1.0)).astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        codes = np.stack([local_binary_pattern(i, 8, 2) for i in images]).astype(int)
        bins = np.stack([local_binary_pattern(i, 8, 2, "nri_uniform") for i in images]).astype(int)
    pairs = set(zip(lbp.BINS[codes].ravel().tolist(), bins.ravel().tolist(), strict=True))
    assert len(pairs) == len({ours for ours, _ in pairs}) == len({theirs for _, theirs in pairs})
    assert COUNT == 59


def test_every_pixel_is_counted_in_one_fine_and_one_coarse_cell(drawn: Faces) -> None:
    counts = count_patterns(drawn.images[:300], gaussian(1.0)) ** 2
    fine, coarse = np.split(counts, [FINE**2 * COUNT], axis=1)
    assert np.allclose(fine.reshape(-1, FINE**2, COUNT).sum(axis=2), 64)
    assert np.allclose(coarse.reshape(-1, COARSE**2, COUNT).sum(axis=2), 256)


def test_an_image_has_the_same_histogram_alone_and_in_a_batch(drawn: Faces) -> None:
    together = count_patterns(drawn.images, gaussian(1.0))
    alone = np.vstack([count_patterns(drawn.images[n : n + 1], gaussian(1.0)) for n in (0, 50, 95)])
    assert np.array_equal(together[[0, 50, 95]], alone)


def test_an_affine_change_of_brightness_changes_no_pattern(drawn: Faces) -> None:
    brighter = drawn.images[:10] * np.float32(0.5) + np.float32(0.25)
    before, after = (count_patterns(i, gaussian(1.0)) for i in (drawn.images[:10], brighter))
    assert np.abs(before**2 - after**2).sum(axis=1).max() < 0.02 * 2 * 64**2


def test_one_face_takes_less_than_five_milliseconds(drawn: Faces) -> None:
    face, kernel = drawn.images[:1], gaussian(1.0)
    count_patterns(face, kernel)
    start = time.process_time()
    for _ in range(100):
        count_patterns(face, kernel)
    assert (time.process_time() - start) / 100 < 0.005
