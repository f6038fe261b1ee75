import pytest

from benchmarks.defence import Enrolment, Loop
from benchmarks.policies import describe
from benchmarks.policy_trial import Outcome, Trial, Version
from benchmarks.production import Production, Season, simulate_production
from faces.drift.near_duplicates import last_of_near_duplicates

SEASONS = (Season(0, {"frontal": 1.0}), Season(8, {"frontal": 0.5, "side light": 0.5}))


@pytest.fixture(scope="module")
def production() -> Production:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.production.SEASONS", SEASONS)
        return simulate_production(1, 24, people=26, images=30)


def test_production_has_bursts_newcomers_and_labels_that_are_late_missing_or_wrong(
    production: Production,
) -> None:
    labelled = production.labels != ""
    assert 0.15 < labelled[production.enrolled].mean() < 0.35
    assert not labelled[~production.enrolled].any()
    assert (~production.enrolled).any()
    assert (production.arrivals[labelled] >= production.days[labelled]).all()
    wrong = production.labels[labelled] != production.people[labelled]
    assert 0 < wrong.mean() < 0.15
    first = production.images[:60]
    assert len(last_of_near_duplicates(first)) < 60


def test_retraining_lowers_the_wrong_answers(production: Production) -> None:
    enrolment = Enrolment(production.data, production.split)
    first = Version(Loop(enrolment, "svm"), 1, production)
    never = Trial(production, enrolment, first, "never").run()
    default = Trial(production, enrolment, first, "default").run()
    assert (never.retrainings, never.labels) == (0, 0)
    assert default.faces == never.faces == production.enrolled.sum()
    assert default.live >= 1
    assert default.wrong < never.wrong


def test_policies_are_compared_with_the_best() -> None:
    worlds = [{"never": Outcome(30, 100, 0, 0, 0), "default": Outcome(20, 100, 3, 2, 60)}]
    *_, never, default = describe(worlds).splitlines()
    assert never == "| never | 30.0% | +50% | 0.0 | 0.0 | 0.0 |"
    assert default == "| default | 20.0% | +0% | 3.0 | 2.0 | 60.0 |"
