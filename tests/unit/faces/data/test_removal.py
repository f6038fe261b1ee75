import numpy as np
import pytest

from faces.data.conditions import baseline_condition
from faces.data.dataset import Faces
from faces.data.feedback import add_labelled_faces
from faces.data.removal import Removal, split_without
from faces.data.split import Split, split_by_condition
from faces.errors import UserError

CONDITION, SHARE, SEED = "yaw=frontal", 0.25, 3


def renamed(faces: Faces, old: str, new: str) -> Faces:
    labels = np.array([new if label == old else label for label in faces.labels])
    return Faces(faces.images, labels, faces.conditions, faces.source)


def split(faces: Faces) -> Split:
    return split_by_condition(faces, baseline_condition(CONDITION, faces.conditions), SHARE, SEED)


def never_had(faces: Faces, person: str) -> Faces:
    """The data as a source without the person would load it."""
    rows = np.flatnonzero(faces.labels != person)
    kept = faces[rows]
    return Faces(kept.images.copy(), np.array(kept.labels.tolist()), kept.conditions, kept.source)


def assert_equal(found: tuple[Faces, Split], faces: Faces, expected: Split) -> None:
    assert found[0].version == faces.version
    assert found[0].labels.dtype == faces.labels.dtype
    assert found[0].origins.dtype == faces.origins.dtype
    assert found[1].left_out == expected.left_out
    assert found[1].condition == expected.condition
    for part in ("train", "test", "drifted"):
        assert np.array_equal(getattr(found[1], part), getattr(expected, part)), part


def test_the_rest_equals_data_that_never_had_the_person(drawn: Faces) -> None:
    longest = "a-name-that-is-longer-than-all-others"
    faces = renamed(drawn, drawn.identities[2], longest)
    found = split_without(faces, Removal(frozenset({longest})), CONDITION, SHARE, SEED)
    expected = never_had(faces, longest)
    assert_equal(found, expected, split(expected))


def test_windows_of_feedback_are_added_again_without_the_person(drawn: Faces) -> None:
    first, second = drawn.identities[:2]
    turned = np.flatnonzero(drawn.conditions["yaw"] != "frontal")
    windows = [
        turned[drawn.labels[turned] == first],
        turned[np.isin(drawn.labels[turned], (first, second))],
    ]
    brighter = [np.clip(drawn.images[rows] + 0.01, 0, 1) for rows in windows]

    def learn(faces: Faces) -> tuple[Faces, Split]:
        data, parts = faces, split(faces)
        for rows, images in zip(windows, brighter, strict=True):
            known = np.flatnonzero(np.isin(drawn.labels[rows], data.identities))
            if len(known):
                labels = drawn.labels[rows[known]]
                data, parts = add_labelled_faces(data, parts, images[known], labels)
        return data, parts

    faces, _ = learn(drawn)
    assert set(faces.origins) == {"", "window 1", "window 2"}
    found = split_without(faces, Removal(frozenset({first})), CONDITION, SHARE, SEED)
    assert_equal(found, *learn(never_had(drawn, first)))


def test_copies_of_an_image_under_another_name_are_removed(drawn: Faces) -> None:
    person, other = drawn.identities[:2]
    row = np.flatnonzero(drawn.labels == person)[0]
    images = np.concatenate([drawn.images, drawn.images[[row]]])
    table = drawn.conditions.iloc[[*range(len(drawn)), 0]].reset_index(drop=True)
    faces = Faces(images, np.append(drawn.labels, other), table, drawn.source)
    assert Removal(frozenset({person})).find(faces)[-1]


def test_a_single_image_is_removed_only_where_it_came_from_production(drawn: Faces) -> None:
    origins = np.full(len(drawn), "", dtype="U8")
    origins[5] = "window 1"
    faces = Faces(drawn.images, drawn.labels, drawn.conditions, drawn.source, origins)
    removal = Removal(images=frozenset(faces.ids[[4, 5]].tolist()))
    assert np.flatnonzero(removal.find(faces)).tolist() == [5]


def test_fewer_than_two_people_cannot_be_trained_on(drawn: Faces) -> None:
    removal = Removal(frozenset(drawn.identities[1:]))
    with pytest.raises(UserError, match="two people are needed"):
        split_without(drawn, removal, CONDITION, SHARE, SEED)
