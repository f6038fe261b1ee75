"""Google's own clients of Cloud Run, and one failure injected at each request of a rollout."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.deployers.cloud_run import api as api_module
from components.deployers.cloud_run import rollout
from components.deployers.cloud_run.api import CloudRun as Api
from components.deployers.cloud_run.flavor import CloudRunConfig
from components.deployers.cloud_run.revision import Content, make_template, read_content
from components.deployers.cloud_run.rollout import live_share, roll_out
from components.deployers.cloud_run.traffic import live_revision
from components.deployers.model_store import StoredModel
from components.deployers.settings import ServingSettings
from faces import NAME
from faces.errors import OperationError
from serving.tokens import TOKEN
from tests.gcp.doubles import cloud_run
from tests.gcp.doubles.cloud_run import CloudRun, Handler
from tests.gcp.doubles.handler import Refused
from tests.gcp.doubles.identity import PROJECT, UNIVERSE, Identities, email

SERVING = email("serving")
CONFIG = CloudRunConfig(
    project=PROJECT, location="x", service_account=SERVING, models="gs://b", captured="gs://c"
)
FAULTS = [401, 403, 429, 500, 503, "no response", "lost response"]


class Faulty(CloudRun):
    """Containers are ready at once, and the request number `at` fails."""

    at, fault, requests = 0, "", 0

    def _start(self, name: str) -> Any:
        pod = SimpleNamespace(ready=True, restarts=0, waiting="", end=lambda: None)
        return self.pods.setdefault(name, pod)  # type: ignore[arg-type]


class FaultyHandler(Handler):
    server: Faulty

    def answer(self, *request: Any) -> dict[str, Any]:
        self.server.requests += 1
        if self.server.requests != self.server.at:
            return super().answer(*request)
        if isinstance(self.server.fault, int):
            raise Refused(self.server.fault, "injected")
        if self.server.fault == "lost response":
            super().answer(*request)
        self.close_connection = True
        raise ConnectionAbortedError

    def handle(self) -> None:
        with suppress(ConnectionAbortedError):
            super().handle()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    from tests.gcp.redirect.sitecustomize import redirect

    identities = Identities(tmp_path)
    name = f"projects/{PROJECT}/locations/x/services/{NAME}"
    server = Faulty(tmp_path, name, identities, {})
    server.RequestHandlerClass = FaultyHandler
    server.secrets["token"] = []
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(identities.create("pipelines")))
    monkeypatch.setenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN", UNIVERSE)
    monkeypatch.setenv("RUN_DOUBLE", server.url)
    redirect()
    monkeypatch.setattr(api_module, "FIRST_DELAY_SECONDS", 0.01)
    monkeypatch.setattr(cloud_run, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(rollout, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(rollout, "SWITCH_TIMEOUT_SECONDS", 2.0)
    with server.running(0.01):
        yield server


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def deploy(api: Api, version: str) -> None:
    settings = ServingSettings().for_server(NAME, "/data")
    content = Content(StoredModel(version, "gs://b/m.npz", "0"), settings)
    token = api.store_secret("token", "secret")
    roll_out(api, live_share(make_template(CONFIG, "image", content, {TOKEN: token})), {}, 5)


def live(server: Faulty) -> str:
    name = live_revision(Api(CONFIG).find())
    return read_content(Api(CONFIG).revision(str(name))).model.version


def answering(server: Faulty, url: str) -> str:
    tag = url.rsplit("/", 1)[-1]
    (name,) = [
        t["revision"]
        for t in server.traffic
        if (t.get("percent") if tag == "run" else tag == f"tag-{t.get('tag')}")
    ]
    content: str = server.revisions[name]["template"]["labels"]["version"]
    return content


@pytest.mark.parametrize("fault", FAULTS)
def test_one_failure_at_any_request_does_not_matter(
    fault: int | str, server: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout, "health", lambda url, _: {"model_version": answering(server, url)})
    api = Api(CONFIG)
    deploy(api, "1")
    version, at, requests = 1, 0, 1
    while at < requests:
        at, version = at + 1, version + 1
        server.requests, server.at, server.fault = 0, at, fault  # type: ignore[assignment]
        deploy(api, str(version))
        requests, server.at = server.requests, 0
        assert live(server) == str(version), at
    assert at > 10


def test_a_version_that_does_not_answer_leaves_the_live_one(
    server: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First at its own address, then at the service's."""
    wrong = {"tag-next"}

    def health(url: str, _: Any) -> dict[str, str]:
        version = answering(server, url)
        silent = version == "2" and url.rsplit("/", 1)[-1] in wrong
        return {} if silent else {"model_version": version}

    monkeypatch.setattr(rollout, "health", health)
    monkeypatch.setattr(rollout, "SWITCH_TIMEOUT_SECONDS", 0.3)
    api = Api(CONFIG)
    deploy(api, "1")
    for address in ("tag-next", "run"):
        wrong.clear()
        wrong.add(address)
        with pytest.raises(OperationError, match=r"nothing responds at .*; version 1 stays live"):
            deploy(api, "2")
        assert live(server) == "1"
        time.sleep(0.05)
        assert answering(server, "run") == "1"
    wrong.clear()
    deploy(api, "2")
    assert live(server) == "2"


def test_another_deployment_in_between_is_noticed(
    server: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout, "health", lambda url, _: {"model_version": answering(server, url)})
    api = Api(CONFIG)
    deploy(api, "1")
    stale = api.find()
    deploy(api, "2")
    with pytest.raises(OperationError, match=r"\(409\): another deployment is in progress"):
        api.update(stale, traffic=stale["traffic"])
    with pytest.raises(OperationError, match="another deployment is in progress"):
        rollout._move(api, [], live_revision(stale))
    assert live(server) == "2"


def test_an_interrupted_rollout_is_finished_by_the_next(
    server: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is killed before the traffic moves leaves the live version."""
    monkeypatch.setattr(rollout, "health", lambda url, _: {"model_version": answering(server, url)})
    api = Api(CONFIG)
    deploy(api, "1")
    with monkeypatch.context() as patch:
        patch.setattr(rollout, "_move", killed)
        with pytest.raises(KeyboardInterrupt):
            deploy(api, "2")
    assert live(server) == "1"
    deploy(api, "2")
    assert live(server) == "2"
    assert len([n for n in server.revisions if "-v2-" in n]) == 1
