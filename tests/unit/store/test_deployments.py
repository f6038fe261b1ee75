from dataclasses import replace

from faces.drift.policy import Action
from store.deployments import DecisionEntry, last_decided_at, previous_version


def play(*acts: str) -> int | None:
    """'d2' deploys version 2, 'r1' rolls back to version 1."""
    return previous_version((int(act[1:]), act[0] == "r") for act in acts)


def test_the_previous_version_is_the_one_deployed_before() -> None:
    assert play() is None
    assert play("d1") is None
    assert play("d1", "d2") == 1
    assert play("d1", "d2", "d2") == 1, "deploying again changes nothing"
    assert play("d1", "d3", "d7") == 3


def test_two_rollbacks_go_back_two_versions() -> None:
    assert play("d1", "d2", "d3", "r2") == 1
    assert play("d1", "d2", "d3", "r2", "r1") is None


def test_a_deployment_after_a_rollback_continues_the_history() -> None:
    assert play("d1", "d2", "r1", "d3") == 1
    assert play("d1", "d2", "r1", "d3", "r1", "d4") == 1
    assert play("d1", "d2", "d1") == 2, "deployed again, not rolled back"


def test_a_live_version_counts_even_if_it_is_not_recorded() -> None:
    assert play("d1", "r2") == 1, "version 2 went live, and the run was killed"
    assert play("d1", "d2", "d3", "r2", "r2") == 1, "it was recorded already"


def test_the_last_decision_ends_the_window() -> None:
    assert last_decided_at([]) == 0
    assert last_decided_at([entry(5), entry(3)]) == 5


def entry(until: int) -> DecisionEntry:
    return DecisionEntry(
        action=Action.WAIT,
        reason="",
        until=until,
        when="2026-11-25T12:00:00+00:00",
        threshold=0.01,
        images=20,
        identities=10,
        labelled=0,
        version=1,
    )


def test_an_entry_says_whether_there_was_drift() -> None:
    assert entry(1).drifted
    assert not replace(entry(1), action=Action.NONE).drifted
