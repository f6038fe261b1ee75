"""Does a model tell what resembles a face from what does not?"""

import numpy as np
import pytest
import scipy
from sklearn.covariance import LedoitWolf

from benchmarks.not_faces import drawn_images, not_faces, to_pixels
from faces.data.conditions import parse_condition
from faces.data.dataset import Faces
from faces.data.split import split_by_condition
from faces.models.face_check import MAX_THRESHOLD, fit_face_check
from faces.runtime.face_check import KEPT, FaceCheck, low_frequencies
from tests.conftest import needs_real_faces


@pytest.fixture(scope="module")
def check(drawn: Faces) -> FaceCheck:
    fitted = fit_face_check(drawn.pixels, drawn.labels)
    assert fitted is not None
    return fitted


def accepted(check: FaceCheck, images: np.ndarray) -> float:
    return float(check.accepts(to_pixels(images)).mean())


def test_the_coefficients_are_those_of_scipy(drawn: Faces) -> None:
    expected = scipy.fft.dctn(drawn.images[:9], axes=(1, 2), norm="ortho")[:, :8, :8]
    assert np.allclose(low_frequencies(drawn.pixels[:9]), expected.reshape(9, 64), atol=1e-4)


def test_the_score_is_the_cosine_with_the_mean_face_in_the_metric_of_the_covariance(
    drawn: Faces, check: FaceCheck
) -> None:
    rows = low_frequencies(drawn.pixels)[:, KEPT].astype(float)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    mean, spread = unit.mean(axis=0), unit.std(axis=0)
    spread = spread + 1e-3 * spread.mean()
    fitted = LedoitWolf(assume_centered=True).fit((unit - mean) / spread)
    inverse = np.linalg.inv(fitted.covariance_ * np.outer(spread, spread))
    lengths = np.sqrt(np.einsum("ij,jk,ik->i", rows, inverse, rows) * (mean @ inverse @ mean))
    assert np.allclose(check.score(drawn.pixels), rows @ inverse @ mean / lengths, atol=1e-3)


def test_brightness_and_contrast_do_not_matter(drawn: Faces, check: FaceCheck) -> None:
    changed = (0.5 * drawn.pixels + 0.3).astype(np.float32)
    assert np.allclose(check.score(changed), check.score(drawn.pixels), atol=1e-3)


def test_images_that_are_not_faces_are_rejected(drawn: Faces, check: FaceCheck) -> None:
    # The synthetic faces that it was fitted to are too simple for images that are made from faces.
    for kind, images in drawn_images(np.random.default_rng(0)).items():
        assert accepted(check, images) <= 0.15, kind


def test_blank_images_are_rejected_whatever_the_threshold(check: FaceCheck) -> None:
    lenient = FaceCheck(check.whitening, check.template, threshold=-0.9)
    assert not lenient.accepts(np.full((1, 4096), 0.7, np.float32)).any()


def test_faces_of_new_people_are_accepted(drawn: Faces) -> None:
    known = np.isin(drawn.labels, drawn.identities[:8])
    check = fit_face_check(drawn.pixels[known], drawn.labels[known])
    assert check is not None
    assert check.threshold <= MAX_THRESHOLD
    assert accepted(check, drawn.pixels[~known]) >= 0.9


def test_two_people_are_too_few(drawn: Faces) -> None:
    two = np.isin(drawn.labels, drawn.identities[:2])
    assert fit_face_check(drawn.pixels[two], drawn.labels[two]) is None


@needs_real_faces
def test_real_faces_are_accepted_in_other_conditions_and_nothing_else_is(real: Faces) -> None:
    condition = parse_condition("yaw=frontal", real.conditions)
    split = split_by_condition(real, condition, test_share=0.4, seed=3)
    train = real[split.train]
    check = fit_face_check(train.pixels, train.labels)
    assert check is not None
    assert accepted(check, real.pixels[split.test]) >= 0.97
    assert accepted(check, real.pixels[split.drifted]) >= 0.97
    assert accepted(check, 0.3 * real.pixels[split.test]) >= 0.97
    rng = np.random.default_rng(0)
    for kind, images in not_faces(np.asarray(real.images[split.test][:40]), rng).items():
        if not kind.endswith("half of a face"):
            assert accepted(check, images) <= 0.15, kind
