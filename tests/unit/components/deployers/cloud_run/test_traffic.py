from typing import Any

from components.deployers.cloud_run.traffic import (
    CANARY,
    LIVE,
    NEXT,
    address_of,
    live_revision,
    pinned,
    same,
    target,
)

LATEST = {"type_": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100, "tag": ""}


def service(*traffic: dict[str, Any]) -> dict[str, Any]:
    return {"traffic": list(traffic), "latest_ready_revision": "projects/p/revisions/first"}


def test_the_tag_says_which_revision_is_live() -> None:
    assert live_revision(service(LATEST)) is None
    assert live_revision(service(target("b", 60, CANARY), target("a", 40, LIVE))) == "a"


def test_a_new_revision_receives_no_traffic() -> None:
    assert pinned(service(LATEST)) == [target("first", 100)]
    split = [target("a", 80, LIVE), target("b", 20, CANARY)]
    assert pinned(service(*split, target("c", 0, NEXT))) == split
    assert pinned(service({"revision": "a", "percent": 100})) == [target("a", 100)]
    assert pinned({"traffic": [LATEST], "latest_ready_revision": ""}) == [LATEST]


def test_splits_are_compared_in_any_order() -> None:
    a, b = target("a", 80, LIVE), target("b", 20, CANARY)
    assert same([a, b], [b, a])
    assert not same([a, b], [target("a", 79, LIVE), target("b", 21, CANARY)])
    assert not same([a], [target("a", 80)])
    assert same([{}], [target("", 0)])
    assert not same([{}], [target("", 1)])


def test_a_tag_has_an_address_once_it_is_applied() -> None:
    assert address_of({"traffic_statuses": []}, NEXT) == ""
    assert address_of({"traffic_statuses": [{"tag": NEXT}]}, NEXT) == ""
    statuses = [{"tag": NEXT, "uri": "https://next---x"}]
    assert address_of({"traffic_statuses": statuses}, NEXT) == "https://next---x"
