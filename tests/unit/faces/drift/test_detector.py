import numpy as np
import pytest

from faces.data.corruptions import CORRUPTIONS, corrupt
from faces.data.dataset import Faces, load_faces
from faces.drift import DriftDetector, DriftVerdict
from faces.drift.capture_features import NAMES, fit_capture_features
from faces.drift.identity_centering import (
    centre_by_identity,
    centre_leave_one_out,
    mean_per_identity,
)
from faces.errors import UserError


@pytest.fixture(scope="module")
def people() -> Faces:
    """Invented people in even light: their light varies more than that of real ones."""
    faces = load_faces("synthetic", people=20, images=24)
    return faces[np.flatnonzero(faces.conditions["lighting"] == "even")]


@pytest.fixture(scope="module")
def frontal(people: Faces) -> np.ndarray:
    return np.flatnonzero(people.conditions["yaw"] == "frontal")


@pytest.fixture(scope="module")
def detector(people: Faces, frontal: np.ndarray) -> DriftDetector:
    rows = frontal[::2]
    return DriftDetector.fit(people.images[rows], people.labels[rows])


def window(people: Faces, rows: np.ndarray, size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).permutation(rows)[:size]


def test_statistics_mean_what_they_are_called() -> None:
    grey = np.full((1, 64, 64), 0.25)
    lit = np.tile(np.linspace(1, 0, 64), (1, 64, 1))
    noisy = np.clip(0.5 + np.random.default_rng(0).normal(0, 0.1, (1, 64, 64)), 0, 1)
    statistics = fit_capture_features(np.concatenate([lit, noisy, lit.transpose(0, 2, 1)]))
    measured = statistics.measure(np.concatenate([grey, lit, lit.transpose(0, 2, 1), noisy]))
    table = dict(zip(NAMES, measured.T, strict=True))
    assert table["brightness"] == pytest.approx([0.25, 0.5, 0.5, 0.5], abs=0.01)
    assert table["contrast"][0] == 0
    assert table["light from the left"] == pytest.approx([0, 0.5, 0, 0], abs=0.02)
    assert table["light from above"] == pytest.approx([0, 0, 0.5, 0], abs=0.02)
    assert table["symmetry"][1] == pytest.approx(-1)
    assert table["symmetry"][2] == pytest.approx(1)
    assert table["sharpness"].argmax() == 3
    assert table["smoothest part"].argmax() == 3
    assert np.allclose(np.abs(table["turn"]), table["amount of turn"])


def test_a_mirrored_face_turns_the_other_way(people: Faces) -> None:
    statistics = fit_capture_features(people.images[:40])
    there = statistics.measure(people.images[:40])[:, NAMES.index("turn")]
    back = statistics.measure(people.images[:40, :, ::-1])[:, NAMES.index("turn")]
    assert np.allclose(there, -back, atol=1e-6)


def test_the_person_is_taken_out() -> None:
    labels = np.array(["a", "a", "a", "b", "b", "c"])
    rows = np.array([[1.0], [2.0], [3.0], [10.0], [14.0], [7.0]])
    means = mean_per_identity(rows, labels)
    left = centre_by_identity(
        np.array([[2.5], [12.0], [9.0]]), np.array(["a", "b", "stranger"]), means
    )
    assert np.allclose(left.ravel(), [0.5, 0.0, 9 - (2 + 12 + 7) / 3])
    out, kept = centre_leave_one_out(rows, labels)
    assert list(kept) == [0, 1, 2, 3, 4]
    assert np.allclose(out.ravel(), [1 - 2.5, 0.0, 3 - 1.5, -4.0, 4.0])


def test_the_same_conditions_are_no_drift(
    people: Faces, frontal: np.ndarray, detector: DriftDetector
) -> None:
    alarms = 0
    for seed in range(20):
        rows = window(people, frontal[1::2], 30, seed)
        report = detector.test(people.images[rows], people.labels[rows])
        assert report.window == 30
        alarms += report.verdict != DriftVerdict.NONE
    assert alarms <= 1


def test_turned_heads_are_drift_and_the_columns_say_where(
    people: Faces, detector: DriftDetector
) -> None:
    turned = np.flatnonzero(people.conditions["yaw"] != "frontal")
    rows = window(people, turned, 25)
    report = detector.test(people.images[rows], people.labels[rows])
    assert report.verdict == DriftVerdict.DRIFT
    assert report.p_value == pytest.approx(0.001)
    assert report.columns.set_index("column").loc["symmetry", "drifted"]
    assert "most of all in" in report.reason


@pytest.mark.parametrize("name", sorted(CORRUPTIONS))
def test_each_corruption_is_drift(
    people: Faces, frontal: np.ndarray, detector: DriftDetector, name: str
) -> None:
    rows = window(people, frontal[1::2], 25)
    images = corrupt(name, people.images[rows])
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 1
    assert not np.array_equal(images, people.images[rows])
    assert detector.test(images, people.labels[rows]).verdict == DriftVerdict.DRIFT


def test_too_few_images_or_people_are_not_enough_evidence(
    people: Faces, detector: DriftDetector
) -> None:
    turned = np.flatnonzero(people.conditions["yaw"] != "frontal")
    few = turned[np.isin(people.labels[turned], people.identities[:5])]
    for rows in (turned[:9], few, np.repeat(turned[:9], 5), turned[:0]):
        report = detector.test(people.images[rows], people.labels[rows])
        assert report.verdict == DriftVerdict.NOT_ENOUGH_EVIDENCE
        assert report.p_value is None
        assert "are needed" in report.reason


def test_an_image_sent_twice_is_one_image(
    people: Faces, frontal: np.ndarray, detector: DriftDetector
) -> None:
    rows = window(people, frontal[1::2], 20)
    once = detector.test(people.images[rows], people.labels[rows])
    many = np.tile(rows, 4)
    again = detector.test(people.images[many], people.labels[many])
    assert (once.window, once.p_value) == (again.window, again.p_value)


def test_an_unknown_corruption_is_told(people: Faces) -> None:
    with pytest.raises(UserError, match="unknown corruption 'fog': choose from blur, brightness"):
        corrupt("fog", people.images[:1])
