from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from faces.data.dataset import Faces
from faces.data.feedback import add_labelled_faces
from faces.data.split import Split
from faces.evaluation import person_evidence
from faces.evaluation.person_evidence import collect_evidence, is_contradicted
from faces.models.protocol import Recogniser
from faces.runtime.portable import PortableModel

NAMES = np.array(["ada", "bob", "cy", "dee"])


def image(brightness: float) -> np.ndarray:
    return np.full((64, 64), brightness, np.float32)


def by_brightness(threshold: float | None = None) -> PortableModel:
    """Recognise ada, bob and cy by brightness 0.2, 0.4 and 0.6."""
    centres = np.array([0.2, 0.4, 0.6])
    weights = np.tile(200 * centres / 4096, (4096, 1)).astype(np.float32)
    affine = {"weights": weights, "offset": (-100 * centres**2).astype(np.float32)}
    operators = [("affine", affine), ("softmax", {})]
    return PortableModel(operators, NAMES[:3], {}, rejection_threshold=threshold)


@pytest.fixture
def data() -> tuple[Faces, Split]:
    """Two training and two held-out images each of three people, and one of a fourth."""
    rng = np.random.default_rng(0)
    labels = np.array([*np.repeat(NAMES[:3], 4), "dee"])
    levels = np.array([*np.repeat([0.2, 0.4, 0.6], 4), 0.9]) + rng.uniform(-0.05, 0.05, 13)
    images = np.stack([image(level) for level in levels])
    faces = Faces(images, labels, pd.DataFrame({"yaw": ["frontal"] * 13}), "folder")
    rows = np.arange(12)
    split = Split(rows[rows % 4 < 2], rows[rows % 4 >= 2], rows[:0], ("dee",), "")
    return faces, split


@pytest.fixture(autouse=True)
def few_synthetic_people(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.stack([image(0.3), image(0.5)])
    people = Faces(
        images, np.array(["x", "y"]), pd.DataFrame({"yaw": ["frontal"] * 2}), "synthetic"
    )
    monkeypatch.setattr(person_evidence, "synthetic_people", lambda: people)


def judge(_: Faces) -> Recogniser:
    model = by_brightness()
    model.__dict__["classes_"] = model.classes
    return model  # type: ignore[return-value]


def test_both_models_answer_for_images_that_neither_has_learned(data: tuple[Faces, Split]) -> None:
    faces, split = data
    learned = faces.ids[[*split.train, split.test[0]]]
    evidence = collect_evidence(by_brightness(), by_brightness(), faces, split, learned)
    assert list(evidence.held_out.people) == ["ada", "bob", "bob", "cy", "cy"]
    assert list(evidence.held_out.candidate) == list(evidence.held_out.people)
    assert evidence.not_enrolled is None
    assert evidence.claims is None


def test_people_whom_neither_knows_are_asked_about_if_a_model_rejects(
    data: tuple[Faces, Split],
) -> None:
    faces, split = data
    rejects = by_brightness(threshold=1e6)
    evidence = collect_evidence(by_brightness(), rejects, faces, split, faces.ids[split.train])
    assert evidence.not_enrolled is not None
    assert list(evidence.not_enrolled.people) == ["dee", "x", "y"]
    assert list(evidence.not_enrolled.production) == ["unknown"] * 3
    assert "unknown" not in evidence.not_enrolled.candidate
    assert set(evidence.held_out.production) == {"unknown"}


def test_labels_from_feedback_are_checked_by_a_judge_that_has_not_learned_them(
    data: tuple[Faces, Split],
) -> None:
    faces, split = data
    images = np.stack([image(0.21), image(0.61)])
    more, extended = add_labelled_faces(faces, split, images, np.array(["ada", "ada"]))
    trained_on: list[Faces] = []

    def fit_judge(enrolled: Faces) -> Recogniser:
        trained_on.append(enrolled)
        return judge(enrolled)

    model = by_brightness()
    evidence = collect_evidence(model, model, more, extended, faces.ids[split.train], fit_judge)
    assert list(trained_on[0].ids) == list(faces.ids[split.train])
    assert evidence.claims is not None
    assert list(evidence.claims.people) == ["ada", "ada"]
    assert list(evidence.claims.contradicted) == [False, True]
    assert evidence.claims.judge_errors == 0


def test_a_label_is_contradicted_if_two_people_are_more_probable(
    data: tuple[Faces, Split],
) -> None:
    faces, _ = data
    for label, expected in (("ada", False), ("bob", False), ("cy", True), ("dee", True)):
        claimed = replace(faces[[0]], labels=np.array([label]))
        assert is_contradicted(judge(faces), claimed).tolist() == [expected]


def test_synthetic_people_are_drawn_once_and_are_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(person_evidence, "SYNTHETIC_PEOPLE", 2)
    person_evidence.synthetic_people.cache_clear()
    people = person_evidence.synthetic_people()
    assert len(people.identities) == 2
    assert person_evidence.synthetic_people() is people
    person_evidence.synthetic_people.cache_clear()
