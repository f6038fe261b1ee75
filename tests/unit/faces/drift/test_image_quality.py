import numpy as np
import pytest
import scipy

from faces.data.corruptions import corrupt
from faces.data.dataset import Faces
from faces.drift.image_quality import LEVEL, QualityResult, check_quality

RANDOM = np.random.default_rng(3)
FAILURES = {
    "covered": lambda images: np.zeros_like(images),
    "covered, with noise": lambda images: corrupt("covered", images),
    "white": lambda images: np.ones_like(images),
    "over-exposed": lambda images: np.clip(images + 0.4, 0, 1),
    "inverted": lambda images: 1 - images,
    "noise": lambda images: RANDOM.random(images.shape),
    "dark": lambda images: 0.2 * images,
}


def check(images: np.ndarray, enrolled: np.ndarray) -> QualityResult:
    return check_quality(images, np.ones(len(images), dtype=np.int64), enrolled)


@pytest.fixture(scope="module")
def parts(drawn: Faces) -> tuple[np.ndarray, np.ndarray]:
    """Enrolled images of twelve people, and other images of the same people."""
    rows = np.arange(len(drawn))
    return drawn.images[rows % 2 == 0], drawn.images[rows % 2 == 1]


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("images", [10, 25])
def test_failures_of_the_camera_are_found_in_few_images(
    parts: tuple[np.ndarray, np.ndarray], name: str, images: int
) -> None:
    enrolled, other = parts
    result = check(FAILURES[name](other[:images]), enrolled)
    assert result.failed
    assert result.images == images
    assert result.reason.startswith(f"{result.unusual} of {images} images resemble no enrolled")


def test_other_images_of_enrolled_people_are_usual(
    parts: tuple[np.ndarray, np.ndarray],
) -> None:
    enrolled, other = parts
    result = check(other, enrolled)
    assert not result.failed
    assert result.unusual <= 0.1 * result.images


def test_the_p_value_is_that_of_a_binomial_test(parts: tuple[np.ndarray, np.ndarray]) -> None:
    enrolled, other = parts
    images = other[:20].copy()
    images[:6] = 0
    result = check(images, enrolled)
    expected = scipy.stats.binomtest(result.unusual, 20, 0.05, alternative="greater").pvalue
    assert result.unusual >= 6
    assert result.p_value == pytest.approx(expected)
    assert result.failed == (expected <= LEVEL)


def test_fewer_than_five_images_are_no_evidence() -> None:
    assert not QualityResult(4, 4, "brightness", 6e-6).failed
    assert QualityResult(5, 5, "brightness", 3e-7).failed


def test_one_image_that_is_sent_repeatedly_counts_as_often(
    parts: tuple[np.ndarray, np.ndarray],
) -> None:
    enrolled, other = parts
    black = check_quality(np.zeros_like(other[:1]), np.array([12]), enrolled)
    assert black.failed
    assert (black.images, black.unusual) == (12, 12)
    assert not check_quality(other[:0], np.array([], dtype=np.int64), enrolled).failed
