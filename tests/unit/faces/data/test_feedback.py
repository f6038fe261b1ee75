import numpy as np
import pandas as pd
import pytest

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces
from faces.data.feedback import add_labelled_faces, withhold_labels
from faces.data.split import Split, split_by_condition
from faces.data.traffic import is_feedback_holdout, traffic_rows
from faces.errors import UserError


@pytest.fixture(scope="module")
def split(drawn: Faces) -> Split:
    return split_by_condition(drawn, parse_condition("yaw=frontal", drawn.conditions))


def test_added_images_are_no_longer_held_out(drawn: Faces, split: Split) -> None:
    rows = np.concatenate([split.drifted[:5], split.test[:2]])
    faces, new_split = add_labelled_faces(drawn, split, drawn.images[rows], drawn.labels[rows])
    assert len(faces) == len(drawn) + 7
    assert len(new_split.train) == len(split.train) + 7
    held_out = np.concatenate([new_split.test, new_split.drifted])
    assert not set(faces.ids[held_out]) & set(faces.ids[new_split.train])
    assert len(held_out) == len(split.test) + len(split.drifted) - 7
    assert faces.version != drawn.version
    assert set(faces.conditions["yaw"][len(drawn) :]) == {"unknown"}
    assert new_split.condition == "yaw=frontal and 7 from feedback"


def test_the_origin_says_with_which_window_an_image_was_added(drawn: Faces, split: Split) -> None:
    first, second = split.drifted[:5], split.drifted[5:8]
    faces, new_split = add_labelled_faces(drawn, split, drawn.images[first], drawn.labels[first])
    faces, new_split = add_labelled_faces(
        faces, new_split, drawn.images[second], drawn.labels[second]
    )
    assert set(faces.origins[: len(drawn)]) == {""}
    assert list(faces.origins[len(drawn) :]) == ["window 1"] * 5 + ["window 2"] * 3


def test_added_images_keep_sender_and_time_of_their_labels(drawn: Faces, split: Split) -> None:
    rows, senders, times = split.drifted[:3], np.array(["ada", "", "bob"]), np.array([7, 8, 9])
    images, labels = drawn.images[rows], drawn.labels[rows]
    faces, _ = add_labelled_faces(drawn, split, images, labels, senders, times)
    assert list(faces.senders[len(drawn) :]) == ["ada", "", "bob"]
    assert list(faces.label_times[len(drawn) :]) == [7, 8, 9]
    assert set(faces.senders[: len(drawn)]) == {""}
    assert not faces.label_times[: len(drawn)].any()
    faces, _ = add_labelled_faces(faces, split, images * 0.9, labels)
    assert list(faces.senders[len(drawn) :]) == ["ada", "", "bob", "", "", ""]
    other, _ = add_labelled_faces(drawn, split, images, labels, senders, times + 1)
    unknown, _ = add_labelled_faces(drawn, split, images, labels)
    assert len({f.version for f in (faces, other, unknown)}) == 3


def test_faces_without_conditions_keep_the_origin_of_added_images(drawn: Faces) -> None:
    bare = Faces(drawn.images, drawn.labels, pd.DataFrame(index=range(len(drawn))), "folder")
    split = split_by_condition(bare, {})
    rows = split.test[:4]
    faces, _ = add_labelled_faces(bare, split, bare.images[rows] * 0.9, bare.labels[rows])
    assert list(faces.origins[len(bare) :]) == ["window 1"] * 4
    holdout = is_feedback_holdout(faces)
    assert np.array_equal(faces.ids[holdout], bare.ids[is_feedback_holdout(bare)])


def test_the_label_of_the_feedback_counts_and_an_image_is_added_once(
    drawn: Faces, split: Split
) -> None:
    row = split.drifted[0]
    other = next(name for name in drawn.identities if name != drawn.labels[row])
    images = np.repeat(drawn.images[[row]], 3, axis=0)
    faces, new_split = add_labelled_faces(drawn, split, images, np.repeat(other, 3))
    assert len(new_split.train) == len(split.train) + 1
    assert faces.labels[new_split.train[-1]] == other
    trained = split.train[:2]
    _, same = add_labelled_faces(drawn, split, drawn.images[trained], drawn.labels[trained])
    assert np.array_equal(same.train, split.train)


def test_images_of_unknown_people_are_skipped(drawn: Faces, split: Split) -> None:
    faces, new_split = add_labelled_faces(
        drawn, split, drawn.images[split.drifted[:1]], np.array(["somebody else"])
    )
    assert len(faces) == len(drawn)
    assert np.array_equal(new_split.train, split.train)


def test_traffic_matches_the_condition_and_excludes_the_holdout(drawn: Faces, split: Split) -> None:
    rows = traffic_rows(drawn, split, "yaw=left,right")
    assert set(rows) <= set(split.drifted)
    assert set(drawn.conditions["yaw"][rows]) <= {"left", "right"}
    assert not is_feedback_holdout(drawn)[rows].any()
    assert 0.2 < is_feedback_holdout(drawn).mean() < 0.5
    assert sorted(traffic_rows(drawn, split, "yaw=left,right", seed=1)) == sorted(rows)
    frontal = traffic_rows(drawn, split, "yaw=frontal")
    assert set(frontal) <= set(split.test)
    with pytest.raises(UserError, match="unknown value of yaw 'up'"):
        traffic_rows(drawn, split, "yaw=up")


def test_traffic_can_be_like_the_training_images_or_all_others(drawn: Faces, split: Split) -> None:
    traffic = set(np.flatnonzero(~is_feedback_holdout(drawn)))
    assert set(traffic_rows(drawn, split, "baseline")) == set(split.test) & traffic
    assert set(traffic_rows(drawn, split, "drifted")) == set(split.drifted) & traffic
    assert len(traffic_rows(drawn, split, "")) == len(
        (set(split.test) | set(split.drifted)) & traffic
    )


def test_faces_without_conditions_have_traffic_and_feedback(drawn: Faces) -> None:
    bare = Faces(drawn.images, drawn.labels, drawn.conditions[[]], "folder")
    split = split_by_condition(bare, {})
    rows = traffic_rows(bare, split, "baseline")
    with pytest.raises(UserError, match="no image that matches is left"):
        traffic_rows(bare, split, "drifted")
    darker = bare.images[rows] * np.float32(0.9)
    faces, extended = add_labelled_faces(bare, split, darker, bare.labels[rows])
    assert len(extended.train) == len(split.train) + len(rows)
    assert set(traffic_rows(faces, extended, "baseline")) == set(rows)


def test_people_with_three_turned_images_have_traffic_and_holdout_images(drawn: Faces) -> None:
    turned = (drawn.conditions["yaw"] != "frontal").to_numpy()
    for person in drawn.identities:
        holdout = is_feedback_holdout(drawn)[turned & (drawn.labels == person)]
        if len(holdout) >= 3:
            assert 0 < holdout.sum() < len(holdout), person


def test_the_holdout_does_not_change_when_faces_are_added(drawn: Faces, split: Split) -> None:
    rows = traffic_rows(drawn, split, "yaw=left,right")
    darker = drawn.images[rows] * np.float32(0.9)
    faces, _ = add_labelled_faces(drawn, split, darker, drawn.labels[rows])
    assert np.array_equal(
        faces.ids[is_feedback_holdout(faces)], drawn.ids[is_feedback_holdout(drawn)]
    )


def test_withheld_labels_were_never_added(drawn: Faces, split: Split) -> None:
    rows, senders = split.drifted[:9], np.array([f"sender {n}" for n in range(9)])
    images, labels = drawn.images[rows], drawn.labels[rows]
    extended = add_labelled_faces(drawn, split, images, labels, senders)
    person = labels[0]
    other = labels != person
    assert 0 < other.sum() < 9
    faces, new_split = withhold_labels(drawn, split, *extended, {person})
    expected, _ = add_labelled_faces(drawn, split, images[other], labels[other], senders[other])
    assert faces.version == expected.version
    assert set(rows[~other]) <= set(new_split.drifted), "they are held out again"


@pytest.mark.parametrize("kept", [0, 9])
def test_no_labels_are_withheld_if_that_would_be_all_or_none(
    drawn: Faces, split: Split, kept: int
) -> None:
    rows = split.drifted[:9]
    extended = add_labelled_faces(drawn, split, drawn.images[rows], drawn.labels[rows])
    people = set() if kept else set(drawn.labels[rows])
    assert withhold_labels(drawn, split, *extended, people) == extended
