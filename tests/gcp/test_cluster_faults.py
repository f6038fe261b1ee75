"""Kubernetes' own client, and one failure injected at each request of a rollout."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.deployers.seldon_kubernetes import retrying, rolling_update, rollout
from components.deployers.seldon_kubernetes.cluster import POD_LABEL, Cluster
from components.deployers.seldon_kubernetes.manifest import REVISION, read_model
from faces import NAME
from serving.tokens import Tokens
from tests.gcp.doubles.handler import OneToken
from tests.gcp.doubles.kubernetes import Handler, Kubernetes
from tests.unit.components.deployers.seldon_kubernetes.pods import pod
from tests.unit.components.deployers.seldon_kubernetes.test_rolling_update import deployment

REQUESTS = 4
FAULTS = [401, 403, 429, 500, 503, "no response", "lost response"]


class Faulty(Kubernetes):
    """Pods are ready at once, and the request number `at` fails."""

    at, fault, requests = 0, 0, 0

    def _roll_out(self, desired: dict[str, Any]) -> None:
        value = desired["metadata"]["labels"][REVISION]
        labels = {REVISION: value, POD_LABEL: NAME}
        as_json = pod(value, True)
        as_json["metadata"]["labels"] = labels
        del as_json["status"]["containerStatuses"]
        one = SimpleNamespace(labels=labels, as_json=lambda: as_json)
        self.pods = [one, one]  # type: ignore[list-item]


class FaultyHandler(Handler):
    server: Faulty

    def _dispatch(self, method: str, path: str, body: dict[str, Any]) -> None:
        self.server.requests += 1
        if self.server.requests != self.server.at:
            return super()._dispatch(method, path, body)
        if isinstance(self.server.fault, int):
            return self._refuse(self.server.fault, "Injected")
        if self.server.fault == "lost response":
            self.respond = lambda *_: None
            super()._dispatch(method, path, body)
        self.close_connection = True


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Faulty]:
    server = Faulty(tmp_path, "faces", OneToken("token"), {})
    server.RequestHandlerClass = FaultyHandler
    with server.running(0.01):
        yield server


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", range(1, REQUESTS + 1))
def test_one_failure_at_any_request_does_not_matter(
    at: int, fault: int | str, server: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kubernetes.client import ApiClient, Configuration

    def connect() -> ApiClient:
        client = ApiClient(Configuration(host=server.url))
        client.set_default_header("Authorization", "Bearer token")
        return client

    monkeypatch.setattr(retrying, "DELAYS_SECONDS", (0.0,) * 3)
    monkeypatch.setattr(rollout, "POLL_SECONDS", 0.05)
    live = lambda: read_model(server.deployments[NAME]).version  # noqa: E731
    monkeypatch.setattr(rolling_update, "health", lambda *_: {"model_version": live()})
    cluster = Cluster(connect, "faces")
    cluster.put_tokens(Tokens("token"))
    cluster.apply(deployment("1"), replaces=None)
    server.requests, server.at, server.fault = 0, at, fault  # type: ignore[assignment]
    previous = cluster.find()
    cluster.put_tokens(Tokens("token"))
    rolling_update.rolling_update(cluster, deployment("2"), previous, "http://x", {}, 5)
    assert live() == "2"
    assert server.requests > REQUESTS
    cluster.delete()
    assert cluster.find() is None
