import numpy as np

from faces.data.dataset import Faces, load_faces
from faces.evaluation.cross_validation import FOLDS, Recipe, cross_validate, person_folds
from faces.models import ModelParams


def test_every_image_is_held_out_once_and_two_of_each_person_remain() -> None:
    labels = np.repeat(["ada", "bob", "cy"], [7, 3, 2])
    folds = person_folds(labels)
    held_out = np.concatenate(folds)
    assert len(folds) == FOLDS
    assert sorted(held_out) == list(range(10)), "all images but those of cy, who has only two"
    for fold in folds:
        remaining = np.delete(labels, fold)
        assert min(np.unique(remaining, return_counts=True)[1]) >= 2


def test_held_out_images_are_not_trained_on() -> None:
    faces: Faces = load_faces("synthetic", people=4, images=4, seed=0)
    params: ModelParams = {"components": 8, "seed": 0}
    labels, (right, wrong) = cross_validate(
        faces, [Recipe("svm", params, faces), Recipe("svm", params, relabelled(faces))]
    )
    assert sorted(labels) == sorted(faces.labels)
    assert (right == labels).mean() > 0.5
    assert (wrong == labels).mean() < 0.2, "a recipe is trained on its own labels"


def relabelled(faces: Faces) -> Faces:
    following = dict(zip(faces.identities, np.roll(faces.identities, 1), strict=True))
    labels = np.array([following[label] for label in faces.labels])
    return Faces(faces.images, labels, faces.conditions, faces.source)
