import numpy as np
import pandas as pd
import pytest

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces
from faces.data.split import split_by_condition
from faces.errors import UserError
from tests.conftest import needs_real_faces


def tiny(baseline_of_each: dict[str, int], others: int = 1) -> Faces:
    labels, yaw = [], []
    for person, number in baseline_of_each.items():
        labels += [person] * (number + others)
        yaw += ["frontal"] * number + ["left"] * others
    images = np.random.default_rng(0).random((len(yaw), 64, 64)).astype(np.float32)
    return Faces(images, np.array(labels), pd.DataFrame({"yaw": yaw}), "synthetic")


FRONTAL = {"yaw": ("frontal",)}


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
def test_parts_are_disjoint_and_every_enrolled_person_has_two_training_images(
    drawn: Faces, share: float
) -> None:
    split = split_by_condition(drawn, FRONTAL, share, seed=4)
    parts = [set(split.train), set(split.test), set(split.drifted)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(drawn)
    _, images = np.unique(drawn.labels[split.train], return_counts=True)
    assert len(images) == 12
    assert images.min() >= 2
    yaw = drawn.conditions["yaw"].to_numpy()
    assert set(yaw[split.train]) == set(yaw[split.test]) == {"frontal"}
    assert "frontal" not in yaw[split.drifted]


def test_the_same_seed_returns_the_same_split(drawn: Faces) -> None:
    one, same, other = (split_by_condition(drawn, FRONTAL, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.train, same.train)
    assert not np.array_equal(one.train, other.train)


def test_people_who_cannot_be_enrolled_are_listed_and_not_used() -> None:
    faces = tiny({"ada": 5, "bob": 1, "cy": 2, "di": 0})
    split = split_by_condition(faces, FRONTAL)
    assert split.left_out == ("bob", "di")
    used = faces.labels[np.concatenate([split.train, split.test, split.drifted])]
    assert set(used) == {"ada", "cy"}
    assert (faces.labels[split.train] == "cy").sum() == 2


def test_the_same_image_twice_is_used_once() -> None:
    faces = tiny({"ada": 4, "bob": 4})
    doubled = faces[[*range(len(faces)), *range(len(faces))]]
    split = split_by_condition(doubled, FRONTAL)
    used = np.concatenate([split.train, split.test, split.drifted])
    assert len(used) == len(set(doubled.ids[used])) == len(faces)


def test_without_a_condition_all_images_are_baseline(drawn: Faces) -> None:
    split = split_by_condition(drawn, {})
    assert len(split.drifted) == 0
    assert len(split.train) + len(split.test) == len(drawn)


@pytest.mark.parametrize(
    ("faces", "share", "message"),
    [
        (tiny({"ada": 5, "bob": 1}), 0.25, "1 of 2 people have two images that match"),
        (tiny({"ada": 2, "bob": 2}), 0.25, "none is left to test on"),
        (tiny({"ada": 5, "bob": 5}), 1.0, "test_share must lie between 0 and 1"),
    ],
)
def test_too_few_images_are_reported(faces: Faces, share: float, message: str) -> None:
    with pytest.raises(UserError, match=message):
        split_by_condition(faces, FRONTAL, share)


@needs_real_faces
@pytest.mark.parametrize("condition", ["yaw", "lighting", "glasses", "yaw=frontal,lighting=even"])
def test_splits_of_the_real_faces(real: Faces, condition: str) -> None:
    conditions = parse_condition(condition, real.conditions)
    split = split_by_condition(real, conditions)
    match = pd.Series(True, index=real.conditions.index)
    for name, (value,) in conditions.items():
        match &= real.conditions[name] == value
    count = match.groupby(real.labels).sum()
    assert list(split.left_out) == list(count[count < 2].index)
    assert len(split.train) + len(split.test) == count[count >= 2].sum()


@needs_real_faces
def test_eight_people_always_wear_glasses(real: Faces) -> None:
    assert len(split_by_condition(real, {"glasses": ("no",)}).left_out) == 8
    assert len(split_by_condition(real, {"yaw": ("frontal",)}).drifted) == 91
