"""The promotion gate with models that were trained on wrong labels."""

import numpy as np

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces, load_faces
from faces.data.feedback import add_labelled_faces
from faces.data.split import Split, split_by_condition
from faces.evaluation.person_evidence import collect_evidence, train_judge
from faces.evaluation.promotion_gate import check_people
from faces.models import build_model
from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features
from faces.runtime.portable import PortableModel

VICTIM = "synthetic-02"


def train(faces: Faces, split: Split) -> PortableModel:
    model, rows = build_model("eigenfaces"), faces[split.train]
    features = fit_features(model, rows.pixels, rows.labels)
    return export_model(fit_classifier(model, features, rows.pixels, rows.labels), {})


def test_an_attacker_is_noticed_and_honest_feedback_is_not() -> None:
    everybody = load_faces("synthetic", people=13, images=8, seed=5)
    attacker = everybody.identities[-1]
    enrolled = everybody[np.flatnonzero(everybody.labels != attacker)]
    split = split_by_condition(enrolled, parse_condition("yaw=frontal", enrolled.conditions))
    production, judge = train(enrolled, split), train_judge(enrolled[split.train])
    honest = enrolled[split.drifted[::2]]
    attack = everybody.images[everybody.labels == attacker][:6]
    for images, labels, victim in (
        (honest.images, honest.labels, None),
        (
            np.concatenate([honest.images, attack]),
            np.append(honest.labels, [VICTIM] * len(attack)),
            VICTIM,
        ),
    ):
        more, extended = add_labelled_faces(enrolled, split, images, labels)
        candidate = train(more, extended)
        evidence = collect_evidence(
            candidate, production, more, extended, enrolled.ids[split.train], lambda _: judge
        )
        decision = check_people(evidence)
        assert (decision is None) is (victim is None), decision
        if decision:
            assert f"accepts as {victim} what looks like other people" in decision.reason
