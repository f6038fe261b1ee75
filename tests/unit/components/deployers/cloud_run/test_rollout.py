import logging
from typing import Any

import pytest

from components.deployers.cloud_run import rollout
from components.deployers.cloud_run.rollout import Share, condition, roll_out
from components.deployers.cloud_run.traffic import CANARY, LIVE
from faces.errors import OperationError
from tests.unit.components.deployers.clock import Clock
from tests.unit.components.deployers.cloud_run.service import (
    FAILED,
    HEADERS,
    READY,
    SILENT,
    STARTING,
    Service,
    template,
)

AUTOMATIC = {"scaling_mode": "AUTOMATIC"}


def serve(service: Service, *shares: Share) -> None:
    roll_out(service, shares, HEADERS, 100.0)  # type: ignore[arg-type]


def refused(service: Service, version: str, timeout_seconds: float = 100.0) -> str:
    with pytest.raises(OperationError) as error:
        service.deploy(version, timeout_seconds)
    return str(error.value)


def steps(service: Service) -> list[Any]:
    """Return the changes of the traffic since the last call."""
    changes = [service.shares(update["traffic"]) for update in service.updates]
    service.updates.clear()
    return changes


def test_a_revision_answers_at_its_own_address_before_the_traffic_moves(
    service: Service, clock: Clock
) -> None:
    service.deploy("1")
    placeholder, one, two = ("placeholder", 100, ""), ("1", 100, LIVE), ("2", 100, LIVE)
    assert [update.get("scaling") for update in service.updates] == [AUTOMATIC, AUTOMATIC, None]
    assert steps(service) == [[placeholder], [placeholder, ("1", 0, "next")], [one]]
    assert service.asked == ["https://next"] * 4 + ["https://run"] * 4
    service.deploy("2")
    assert steps(service) == [[one], [one, ("2", 0, "next")], [two]]
    assert clock.slept == 0


def test_a_revision_with_the_same_content_answers_again(service: Service) -> None:
    for version in ("1", "2", "1"):
        service.deploy(version)
    assert service.live() == "1"
    assert len(service.created) == 2


def test_a_revision_that_is_not_ready_is_not_used_again(service: Service) -> None:
    service.states["1"] = [STARTING]
    assert "is not ready" in refused(service, "1")
    service.states["1"] = [STARTING, READY]
    service.deploy("1")
    assert len(service.created) == 2
    assert service.live() == "1"
    assert service.traffic[0]["revision"] == service.created[1]["name"].rsplit("/", 1)[1]


def test_a_canary_answers_beside_the_live_version(service: Service) -> None:
    service.deploy("1")
    steps(service)
    serve(service, Share(template("1", "2"), 80, LIVE), Share(template("2", "1"), 20, CANARY))
    assert steps(service)[-1] == [("1", 80, LIVE), ("2", 20, CANARY)]
    assert service.asked[-12:] == ["https://next"] * 8 + ["https://run"] * 4


def test_the_shadow_of_a_revision_must_answer(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.deploy("1")
    monkeypatch.setattr(rollout, "health", lambda *_: {"model_version": "1"})
    with pytest.raises(OperationError, match="version 1 responds at https://next"):
        serve(service, Share(template("1", "2"), 100, LIVE))


def test_a_failure_must_last(service: Service, clock: Clock) -> None:
    service.states["1"] = [*[FAILED] * 9, STARTING, *[FAILED] * 9, READY]
    service.deploy("1")
    assert clock.slept == 19
    service.states["2"] = [STARTING, FAILED]
    (name, _, cause) = refused(service, "2").partition(" cannot start: ")
    assert name.startswith("version 2: revision face-recognizer-v2-")
    assert cause == "why; version 1 stays live"
    assert clock.slept == 19 + 1 + 10
    assert service.live() == "1"


def test_a_revision_that_does_not_become_ready_is_given_up(
    service: Service, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "progress")
    service.states["1"] = [STARTING]
    cause = "is not ready after 5 s: CONDITION_RECONCILING; it was not deployed"
    assert refused(service, "1", 5).endswith(cause)
    assert clock.slept == 6
    name = service.created[0]["name"].rsplit("/", 1)[1]
    assert caplog.messages == [f"rolling out: revision {name} starts …"] * 6
    assert service.traffic == [
        {
            "type_": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
            "revision": "placeholder",
            "percent": 100,
            "tag": "",
        }
    ]


def test_google_is_asked_again_if_it_does_not_respond(service: Service, clock: Clock) -> None:
    service.states["1"] = [FAILED, SILENT, SILENT, READY]
    service.deploy("1")
    assert clock.slept == 3
    service.states["2"] = [SILENT]
    assert "is not ready after 5 s: not known" in refused(service, "2", 5)


def test_a_failure_is_forgotten_while_google_does_not_respond(service: Service) -> None:
    service.states["1"] = [*[FAILED] * 9, SILENT, *[FAILED] * 9, READY]
    service.deploy("1")
    assert service.live() == "1"


@pytest.mark.parametrize(("silent", "moves"), [("https://next", 2), ("https://run", 3)])
def test_a_version_that_does_not_answer_leaves_the_live_one(
    silent: str, moves: int, service: Service, clock: Clock
) -> None:
    service.deploy("1")
    steps(service)
    service.silent.add(silent)
    cause = f"version 2: it is ready, but nothing responds at {silent}; version 1 stays live"
    assert refused(service, "2") == cause
    assert clock.slept == 61
    changes = steps(service)
    assert len(changes) == moves + 1
    assert changes[-1] == [("1", 100, LIVE)]


def test_several_responses_in_a_row_must_be_right(
    service: Service, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = iter([0, 0, 0, 1, 0, 0, 1])

    def health(url: str, headers: dict[str, str]) -> dict[str, str]:
        tags = service.health(url, headers)
        return {"model_version": "0"} if next(wrong, 0) else tags

    monkeypatch.setattr(rollout, "health", health)
    service.deploy("1")
    assert len(service.asked) == 7 + 4 + 4
    assert clock.slept == 2
    monkeypatch.setattr(rollout, "health", lambda *_: {"model_version": "0"})
    assert "but version 0 responds at https://next; version 1" in refused(service, "2")


def test_an_address_may_need_time(
    service: Service, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses: list[Any] = [SILENT, "", "https://next", "https://another"]

    def address_of(*_: object) -> str:
        address = addresses.pop(0)
        if isinstance(address, Exception):
            raise address
        return str(address)

    monkeypatch.setattr(rollout, "address_of", address_of)
    service.deploy("1")
    assert addresses == ["https://another"]
    assert clock.slept == 2
    assert service.asked[:4] == ["https://next"] * 4
    monkeypatch.setattr(rollout, "address_of", lambda *_: "")
    assert "nothing responds at its tag" in refused(service, "2")


def test_another_deployment_in_between_is_noticed(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("1", "3"):
        service.deploy(version)
    one, three = (r["name"].rsplit("/", 1)[1] for r in service.created)

    def overtake(url: str, headers: dict[str, str]) -> dict[str, str]:
        tags = service.health(url, headers)
        for share in service.traffic:
            share["revision"] = one if share["revision"] == three else share["revision"]
        return tags

    monkeypatch.setattr(rollout, "health", overtake)
    cause = "version 2: another deployment is in progress: check what is deployed; version 3 stays"
    assert refused(service, "2").startswith(cause)


def test_traffic_that_cannot_be_moved_back_is_reported(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.deploy("1")
    service.silent.add("https://run")
    update = service.update

    def refuse(*_: Any, **changes: Any) -> None:
        if service.silent and service.live() == "2":
            raise SILENT
        update(*_, **changes)

    monkeypatch.setattr(service, "update", refuse)
    cause = "; and moving the traffic back failed: Google does not respond"
    assert refused(service, "2").endswith(cause)


def test_traffic_that_did_not_move_is_not_moved_back(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.deploy("1")
    steps(service)
    service.states["2"] = [FAILED]
    refused(service, "2")
    assert steps(service) == [[("1", 100, LIVE)]]


def test_only_the_condition_of_the_whole_revision_counts() -> None:
    other = {"type_": "ContainerReady", "state": "CONDITION_FAILED"}
    ready = {"type_": "Ready", "state": "CONDITION_SUCCEEDED"}
    assert condition({"conditions": [{}, other, ready]}) == ready
    unknown = {"state": "CONDITION_PENDING", "message": ""}
    assert condition({"conditions": [other]}) == unknown
