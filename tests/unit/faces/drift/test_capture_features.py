import numpy as np
import pytest

from faces.data.dataset import Faces
from faces.drift.capture_features import NAMES, fit_capture_features
from faces.drift.identity_centering import (
    CLIP,
    centre_by_identity,
    centre_leave_one_out,
    mad_scale,
    mean_per_identity,
    winsorize,
)


def test_features_respond_to_what_they_are_named_after() -> None:
    grey = np.full((1, 64, 64), 0.25)
    lit = np.tile(np.linspace(1, 0, 64), (1, 64, 1))
    noisy = np.clip(0.5 + np.random.default_rng(0).normal(0, 0.1, (1, 64, 64)), 0, 1)
    features = fit_capture_features(np.concatenate([lit, noisy, lit.transpose(0, 2, 1)]))
    values = features.measure(np.concatenate([grey, lit, lit.transpose(0, 2, 1), noisy]))
    table = dict(zip(NAMES, values.T, strict=True))
    assert table["brightness"] == pytest.approx([0.25, 0.5, 0.5, 0.5], abs=0.01)
    assert table["contrast"][0] == 0
    assert table["horizontal_illumination"] == pytest.approx([0, 0.5, 0, 0], abs=0.02)
    assert table["vertical_illumination"] == pytest.approx([0, 0, 0.5, 0], abs=0.02)
    assert table["symmetry"][1] == pytest.approx(-1)
    assert table["symmetry"][2] == pytest.approx(1)
    assert table["sharpness"].argmax() == 3
    assert table["local_flatness"].argmax() == 3
    assert np.allclose(np.abs(table["yaw"]), table["abs_yaw"])


def test_a_mirrored_face_has_the_opposite_yaw(people: Faces) -> None:
    features = fit_capture_features(people.images[:40])
    yaw = features.measure(people.images[:40])[:, NAMES.index("yaw")]
    mirrored = features.measure(people.images[:40, :, ::-1])[:, NAMES.index("yaw")]
    assert np.abs(yaw).max() > 0.1
    assert np.allclose(yaw, -mirrored, atol=1e-6)


def test_an_empty_window_has_no_features(people: Faces) -> None:
    features = fit_capture_features(people.images[:40])
    assert features.measure(people.images[:0]).shape == (0, len(NAMES))


def test_identity_effects_are_removed() -> None:
    labels = np.array(["a", "a", "a", "b", "b", "c"])
    rows = np.array([[1.0], [2.0], [3.0], [10.0], [14.0], [7.0]])
    means = mean_per_identity(rows, labels)
    centred = centre_by_identity(
        np.array([[2.5], [12.0], [9.0]]), np.array(["a", "b", "unknown"]), means
    )
    assert np.allclose(centred.ravel(), [0.5, 0.0, 9 - (2 + 12 + 7) / 3])
    reference, sources = centre_leave_one_out(rows, labels)
    assert list(sources) == [0, 1, 2, 3, 4]
    three, two = np.sqrt(8) / 3, np.sqrt(3) / 2
    assert np.allclose(reference.ravel(), [-1.5 * three, 0.0, 1.5 * three, -4.0 * two, 4.0 * two])


@pytest.mark.parametrize("images", [2, 3, 5])
def test_the_reference_varies_as_much_as_new_faces(images: int) -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([f"{person}" for person in range(5_000)], images)
    rows = rng.normal(size=(len(labels), 1))
    reference, _ = centre_leave_one_out(rows, labels)
    means = mean_per_identity(rows, labels)
    new = centre_by_identity(rng.normal(size=rows.shape), labels, means)
    assert reference.std() == pytest.approx(new.std(), rel=0.03)


def test_outliers_have_bounded_influence() -> None:
    rows = np.array([[-1.0], [0.0], [1.0], [1000.0], [-1000.0]])
    scale = mad_scale(rows)
    assert scale == pytest.approx([1.4826])
    assert winsorize(rows, scale).ravel() == pytest.approx(
        [-1 / 1.4826, 0, 1 / 1.4826, CLIP, -CLIP]
    )
