import numpy as np

from faces.data.dataset import Faces
from faces.drift.witness_opinion import (
    PopulationResult,
    WitnessOpinion,
    agreement_test,
    correct_few_names,
    count_unknown,
)
from faces.evaluation.witness import Witness


def test_the_witness_names_known_people_and_finds_unknown_ones(people: Faces) -> None:
    enrolled = np.isin(people.labels, people.identities[:8])
    rows = np.flatnonzero(enrolled & (people.conditions["yaw"] == "frontal").to_numpy())
    witness = Witness(people[rows[::2]])
    known = WitnessOpinion.ask(witness, np.asarray(people.images[rows[1::2]]))
    assert (known.people == people.labels[rows[1::2]]).mean() > 0.95
    unknown = WitnessOpinion.ask(witness, np.asarray(people.images[~enrolled][:60]))
    assert known.unknown.mean() < 0.1
    assert unknown.unknown.mean() > 0.3
    assert count_unknown(unknown, known).p_value < 0.01 < count_unknown(known, known).p_value


def opinion(names: list[str], similarity: float = 0.9) -> WitnessOpinion:
    return WitnessOpinion(np.array(names), np.full(len(names), similarity))


def test_agreement_counts_named_faces_of_enrolled_people() -> None:
    baseline, names = np.array(["a"] * 20), ["a"] * 10 + ["b"] * 10
    drop = agreement_test(baseline, opinion(["a"] * 20), np.array(["a"] * 20), opinion(names))
    assert drop is not None
    assert (drop.before, drop.now) == (1.0, 0.5)
    assert drop.p_value < 0.001
    rejected = np.array(["a"] * 10 + ["unknown"] * 10)
    same = agreement_test(baseline, opinion(["a"] * 20), rejected, opinion(names))
    assert same is not None
    assert same.now == 1
    unknown = opinion(names, similarity=0.2)
    assert agreement_test(baseline, opinion(["a"] * 20), rejected, unknown) is None


def test_pictures_are_tested_without_unknown_people_while_these_are_few() -> None:
    assert PopulationResult(40, 20, 0.0).separable
    assert not PopulationResult(40, 21, 0.0).separable
    assert count_unknown(opinion([]), opinion(["a"])).p_value == 1


def test_more_unknown_faces_than_in_the_baseline_test_are_tested_for() -> None:
    def seen(known: int, unknown: int) -> WitnessOpinion:
        return WitnessOpinion(
            np.repeat("a", known + unknown), np.repeat([0.9, 0.1], [known, unknown])
        )

    window = seen(40, 10)
    assert count_unknown(window, seen(40, 0)).p_value < 0.001
    assert count_unknown(window, seen(34, 6)).p_value > 0.05, "the witness is as unsure there"
    assert count_unknown(window, seen(0, 0)).p_value < 0.001


def test_the_witness_names_misrecognised_faces_of_few_people() -> None:
    names = ["a", "a", "b", "c", "c", "d"]
    few = np.array(["a", "b", "b", "d", "d", "unknown"])
    assert correct_few_names(few, opinion(names)).tolist() == names
    many = np.array(["a", "b", "a", "d", "c", "unknown"])
    assert correct_few_names(many, opinion(names)).tolist() == [*many[:5], "d"]
    longer = correct_few_names(np.array(["x", "b"]), opinion(["a longer name", "b"]))
    assert longer.tolist() == ["a longer name", "b"]
