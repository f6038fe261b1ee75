"""What a recogniser must do, whatever is inside it."""

import numpy as np
import pytest

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces, load_faces
from faces.data.split import Split, split_by_condition
from faces.evaluation.invariance import PERTURBATIONS, prediction_flip_rate
from faces.models import build_model
from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features
from faces.runtime.portable import PortableModel
from tests.conftest import real_faces_are_here

TOLERATED = {
    "fisher": dict.fromkeys(PERTURBATIONS, 0.03),
    "svm": {**dict.fromkeys(PERTURBATIONS, 0.12), "mirrored": 0.4},
}
"""The share of images whose name may change. Eigenfaces know nothing of mirrored faces."""


@pytest.fixture(scope="module")
def faces() -> Faces:
    return load_faces("olivetti" if real_faces_are_here() else "synthetic")


@pytest.fixture(scope="module")
def split(faces: Faces) -> Split:
    return split_by_condition(faces, parse_condition("yaw=frontal", faces.conditions), seed=11)


@pytest.fixture(scope="module", params=list(TOLERATED))
def model(request: pytest.FixtureRequest, faces: Faces, split: Split) -> tuple[str, PortableModel]:
    train = faces[split.train]
    built = build_model(request.param)
    features = fit_features(built, train.pixels, train.labels)
    fitted = fit_classifier(built, features, train.pixels, train.labels)
    return request.param, export_model(fitted, {})


def test_small_changes_leave_the_name_as_it_is(
    model: tuple[str, PortableModel], faces: Faces, split: Split
) -> None:
    name, portable = model
    changed = prediction_flip_rate(
        lambda images: portable.predict(images.reshape(len(images), -1)), faces.images[split.test]
    )
    too_many = {c: share for c, share in changed.items() if share > TOLERATED[name][c]}
    assert not too_many


def test_the_same_person_is_likelier_than_another(
    model: tuple[str, PortableModel], faces: Faces, split: Split
) -> None:
    """Probability of the one on the image, against that of the one on the next image."""
    odds = model[1].predict_proba(faces.pixels[split.test])
    own = np.searchsorted(model[1].classes, faces.labels[split.test])
    rows = np.arange(len(own))
    others = np.roll(own, 1)
    differ = own != others
    assert (odds[rows, own] > odds[rows, others])[differ].mean() > 0.95


def test_changes_are_small_and_stay_pictures(faces: Faces) -> None:
    images = faces.images[:5]
    for name, change in PERTURBATIONS.items():
        made = change(images)
        assert made.shape == images.shape, name
        assert 0 <= made.min() <= made.max() <= 1, name
        assert not np.array_equal(made, images), name
