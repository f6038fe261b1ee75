import numpy as np
import pytest

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces
from faces.data.feedback import add_labelled_faces, learned_windows
from faces.data.split import Split, split_by_condition
from faces.data.traffic import is_feedback_holdout, traffic_rows
from faces.errors import UserError


@pytest.fixture(scope="module")
def split(drawn: Faces) -> Split:
    return split_by_condition(drawn, parse_condition("yaw=frontal", drawn.conditions))


def test_what_is_learned_is_held_out_no_longer(drawn: Faces, split: Split) -> None:
    rows = np.concatenate([split.drifted[:5], split.test[:2]])
    faces, anew = add_labelled_faces(drawn, split, drawn.images[rows], drawn.labels[rows])
    assert len(faces) == len(drawn) + 7
    assert len(anew.train) == len(split.train) + 7
    held_out = np.concatenate([anew.test, anew.drifted])
    assert not set(faces.ids[held_out]) & set(faces.ids[anew.train])
    assert len(held_out) == len(split.test) + len(split.drifted) - 7
    assert faces.version != drawn.version
    assert set(faces.conditions["yaw"][len(drawn) :]) == {"from production 1"}
    assert anew.condition == "yaw=frontal and 7 from production"


def test_each_learned_window_can_be_told_from_the_others(drawn: Faces, split: Split) -> None:
    first, second = split.drifted[:5], split.drifted[5:8]
    faces, anew = add_labelled_faces(drawn, split, drawn.images[first], drawn.labels[first])
    faces, anew = add_labelled_faces(faces, anew, drawn.images[second], drawn.labels[second])
    told = learned_windows(faces)
    assert set(told[: len(drawn)]) == {""}
    assert list(told[len(drawn) :]) == ["from production 1"] * 5 + ["from production 2"] * 3


def test_the_given_name_counts_and_an_image_is_learned_once(drawn: Faces, split: Split) -> None:
    row = split.drifted[0]
    other = next(name for name in drawn.identities if name != drawn.labels[row])
    images = np.repeat(drawn.images[[row]], 3, axis=0)
    faces, anew = add_labelled_faces(drawn, split, images, np.repeat(other, 3))
    assert len(anew.train) == len(split.train) + 1
    assert faces.labels[anew.train[-1]] == other
    trained = split.train[:2]
    _, same = add_labelled_faces(drawn, split, drawn.images[trained], drawn.labels[trained])
    assert np.array_equal(same.train, split.train)


def test_people_the_model_does_not_know_are_passed_over(drawn: Faces, split: Split) -> None:
    faces, anew = add_labelled_faces(
        drawn, split, drawn.images[split.drifted[:1]], np.array(["a stranger"])
    )
    assert len(faces) == len(drawn)
    assert np.array_equal(anew.train, split.train)


def test_traffic_is_held_out_matches_and_leaves_some_apart(drawn: Faces, split: Split) -> None:
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


def test_who_turned_the_head_often_enough_is_learned_from_and_measured_on(drawn: Faces) -> None:
    turned = (drawn.conditions["yaw"] != "frontal").to_numpy()
    for person in drawn.identities:
        apart = is_feedback_holdout(drawn)[turned & (drawn.labels == person)]
        if len(apart) >= 3:
            assert 0 < apart.sum() < len(apart), person


def test_what_is_set_apart_stays_so_when_faces_were_learned(drawn: Faces, split: Split) -> None:
    rows = traffic_rows(drawn, split, "yaw=left,right")
    darker = drawn.images[rows] * np.float32(0.9)
    faces, _ = add_labelled_faces(drawn, split, darker, drawn.labels[rows])
    assert np.array_equal(
        faces.ids[is_feedback_holdout(faces)], drawn.ids[is_feedback_holdout(drawn)]
    )
