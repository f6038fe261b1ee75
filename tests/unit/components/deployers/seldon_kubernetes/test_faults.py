"""One failure injected at each request of a rollout: the desired deployment is live afterwards."""

import copy
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from urllib3.exceptions import HTTPError

from components.deployers.seldon_kubernetes import retrying, rolling_update, rollout
from components.deployers.seldon_kubernetes.cluster import Cluster
from components.deployers.seldon_kubernetes.manifest import REVISION, read_model
from faces.errors import OperationError
from serving.tokens import Tokens
from tests.unit.components.deployers.clock import Clock
from tests.unit.components.deployers.seldon_kubernetes.pods import pod
from tests.unit.components.deployers.seldon_kubernetes.test_rolling_update import deployment

REQUESTS = 4
"""Requests of a rollout without failures: deployment, secret, new deployment, pods."""

FAULTS = [401, 403, 429, 500, 503, "timeout", "lost response"]


class ApiException(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status, self.reason, self.body = status, "", ""


class Api:
    """Holds one SeldonDeployment; the request number `at` fails."""

    def __init__(self, at: int = 0, fault: int | str = 0) -> None:
        self.at, self.fault, self.requests, self.clients = at, fault, 0, 0
        self.present = deployment("1")
        self.present["metadata"]["resourceVersion"] = "1"
        self.api_client = SimpleNamespace(sanitize_for_serialization=lambda items: items)

    def request(self, effect: Callable[[], Any]) -> Any:
        self.requests += 1
        if self.requests != self.at:
            return effect()
        if isinstance(self.fault, int):
            raise ApiException(self.fault)
        if self.fault == "lost response":
            effect()
        raise HTTPError

    def connect(self) -> Any:
        self.clients += 1
        pool = SimpleNamespace(connection_pool_kw={})
        rest = SimpleNamespace(pool_manager=pool)
        return SimpleNamespace(rest_client=rest, configuration=SimpleNamespace(host="http://x"))

    def list_namespaced_custom_object(self, *_: Any, **__: Any) -> Any:
        return self.request(lambda: {"items": [copy.deepcopy(self.present)]})

    def replace_namespaced_custom_object(self, *arguments: Any, **_: Any) -> Any:
        return self.request(lambda: self._replace(arguments[-1]))

    def _replace(self, body: Any) -> None:
        version = self.present["metadata"]["resourceVersion"]
        if body["metadata"]["resourceVersion"] != version:
            raise ApiException(409)
        self.present = copy.deepcopy(body)
        self.present["metadata"]["resourceVersion"] = version + "1"

    def replace_namespaced_secret(self, *_: Any, **__: Any) -> Any:
        return self.request(lambda: None)

    def list_namespaced_pod(self, *_: Any, **__: Any) -> Any:
        ready = pod(self.present["metadata"]["labels"][REVISION], True)
        return self.request(lambda: SimpleNamespace(items=[ready, ready]))


def roll_out(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    client = SimpleNamespace(CoreV1Api=lambda _: api, CustomObjectsApi=lambda _: api)
    errors = SimpleNamespace(ApiException=ApiException)
    monkeypatch.setitem(sys.modules, "kubernetes.client", client)
    monkeypatch.setitem(sys.modules, "kubernetes.client.exceptions", errors)
    monkeypatch.setattr(retrying, "DELAYS_SECONDS", (0.0,) * 3)
    clock = Clock()
    monkeypatch.setattr(rollout, "time", clock)
    monkeypatch.setattr(rolling_update, "time", clock)
    monkeypatch.setattr(rolling_update, "health", lambda *_: {"model_version": live(api)})
    cluster = Cluster(api.connect, "faces")
    previous = cluster.find()
    cluster.put_tokens(Tokens("token"))
    rolling_update.rolling_update(cluster, deployment("2"), previous, "http://x", {}, 5)


def live(api: Api) -> str:
    return read_model(api.present).version


def test_the_number_of_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api()
    roll_out(api, monkeypatch)
    assert api.requests == REQUESTS


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", range(1, REQUESTS + 1))
def test_one_failure_at_any_request_does_not_matter(
    at: int, fault: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Api(at, fault)
    roll_out(api, monkeypatch)
    assert api.requests > REQUESTS
    assert live(api) == "2"
    assert api.clients == (2 if fault == 401 else 1)


@pytest.mark.parametrize(("seconds", "expected"), [(5.5, 2), (5.0, 3)])
def test_a_cluster_that_stays_silent_is_not_asked_for_long(
    seconds: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: seconds * len(attempts), sleep=lambda _: None)
    monkeypatch.setattr(retrying, "time", clock)

    def time_out() -> None:
        attempts.append(clock.monotonic())
        raise HTTPError

    with pytest.raises(HTTPError):
        retrying.retry(time_out, lambda: None)
    assert len(attempts) == expected


def test_a_conflict_with_another_deployment_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(at=3, fault=409)
    with pytest.raises(OperationError, match=r"version 2: .*409.*; it was not applied"):
        roll_out(api, monkeypatch)
    assert live(api) == "1"
