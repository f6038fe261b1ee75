from typing import Any

import pytest

from store.audit_trail import events_of_run

BY = {"who": "ada (default in ZenML)", "when": "2026-11-25T20:00:00+00:00"}


def events(**metadata: Any) -> list[tuple[str, str, str, str]]:
    found = events_of_run("run-1", {title: BY | entry for title, entry in metadata.items()})
    return [(event.who, event.action, event.subject, event.details) for event in found]


@pytest.mark.parametrize(
    ("outcome", "action"),
    [
        ("promoted", "promoted"),
        ("held for approval", "held for approval"),
        ("rejected", "not promoted"),
    ],
)
def test_the_gates_outcome_is_an_event_without_its_reason(outcome: str, action: str) -> None:
    training = {"version": 3, "outcome": outcome, "gate": "it no longer recognises s01"}
    assert events(training=training) == [
        ("ada (default in ZenML)", action, "version 3", "by the promotion gate")
    ]


def test_a_cached_run_that_changed_nothing_is_no_event() -> None:
    assert events(training={"version": 3, "outcome": "unchanged"}) == []


def test_a_version_that_another_one_followed_without_its_labels_is_an_event() -> None:
    withheld = {"labels": 3, "rejected_version": 2, "because": "rejected: tests of single people"}
    details = "by the promotion gate; 3 labels were withheld from the next version"
    assert [event[1:] for event in events(withheld_labels_2=withheld)] == [
        ("not promoted", "version 2", details)
    ]


def test_labels_are_counted_per_sender() -> None:
    feedback = {"labelled": 9, "learnable": 7, "senders": {"door": 7, "": 2}}
    assert events(feedback=feedback) == [
        ("door", "labelled", "7 faces", "of 9 in the window"),
        ("unknown sender", "labelled", "2 faces", "of 9 in the window"),
    ]
    assert events(feedback={"labelled": 0, "learnable": 0}) == []


def test_what_followed_an_approval_is_an_event() -> None:
    promoted = {"version": 3, "promoted": True, "reason": "promoted after approval: better"}
    refused = {"version": 3, "promoted": False, "reason": "not promoted: production has changed"}
    assert [event[1:] for event in events(approval=promoted)] == [
        ("promoted", "version 3", "after approval")
    ]
    assert [event[1:] for event in events(approval=refused)] == [
        ("not promoted", "version 3", "production has changed")
    ]


def test_an_erasure_is_an_event_without_names() -> None:
    erasure = {"subjects": "('5f3a',)", "removed": "{'captured requests': 12}"}
    details = "the run's receipt says what was removed"
    assert events(erasure=erasure) == [
        ("ada (default in ZenML)", "forgot", "a person or a request", details)
    ]


def test_expired_copies_are_an_event_only_if_some_were_deleted() -> None:
    assert events(expired={"needed": ["version 2 is live"]}) == []
    assert [event[1:3] for event in events(expired={"captured requests": 3, "needed": []})] == [
        ("deleted", "copies past their retention")
    ]


def test_runs_that_are_older_than_the_audit_trail_have_no_events() -> None:
    metadata = {
        "training": {"version": 1, "outcome": "promoted"},
        "feedback": {"labelled": 3, "senders": {"": 3}},
        "expired": {"windows": 1},
    }
    assert list(events_of_run("run-1", metadata)) == []
