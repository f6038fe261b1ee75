from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.deployers.base import NOTHING_DEPLOYED
from components.deployers.cloud_run import deployer as module
from components.deployers.cloud_run.deployer import CloudRunDeployer
from components.deployers.cloud_run.flavor import CloudRunConfig
from components.deployers.cloud_run.revision import read_content
from components.deployers.cloud_run.rollout import STOPPED
from components.deployers.cloud_run.service import CloudRunService
from components.deployers.cloud_run.traffic import CANARY, LIVE, target
from components.deployers.container_images import SERVING
from components.deployers.endpoint import Endpoint, ModelArtifact, State
from components.deployers.model_store import upload
from components.deployers.settings import ServingSettings
from faces import NAME
from faces.errors import OperationError, UserError
from faces.runtime.portable import file_hash
from serving.tokens import Tokens
from tests.unit.components.deployers.cloud_run.service import HEADERS, STARTING, Service
from tests.unit.components.deployers.cloud_run.test_revision import CONFIG

NO_LIVE_VERSION = "^rollout canary: there is no live version to compare with$"
FEEDBACK = {"Authorization": "Bearer feedback"}
SETTINGS = ServingSettings.model_validate({"capture": {"retention_days": 7}})
WITHOUT_CAPTURE = ServingSettings.model_validate({"capture": {"capture": False}})
OWN_TOKENS = ServingSettings.model_validate({"endpoint": {"token_secret": "mine"}})
LISTED = {
    "name": NAME, "model_name": NAME, "service_name": f"run-{NAME}", "url": "https://run",
    "pipeline_name": "deployment", "pipeline_step_name": "deploy_model", "deployer": "1234",
}  # fmt: skip


class Config(CloudRunConfig):
    @property
    def token_secret(self) -> str:
        return "endpoint"


@pytest.fixture
def listed() -> list[Any]:
    """What is in ZenML's list of services."""
    return []


@pytest.fixture
def secrets() -> list[Any]:
    """The secrets that were read."""
    return []


@pytest.fixture
def stack() -> SimpleNamespace:
    registry = SimpleNamespace(config=SimpleNamespace(uri="registry"))
    return SimpleNamespace(container_registry=registry)


@pytest.fixture
def deployer(
    service: Service,
    stack: SimpleNamespace,
    listed: list[Any],
    secrets: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> CloudRunDeployer:
    change = {"models": str(tmp_path), "image": "registry/serving:1", "token": "plain"}
    config = Config(**{**CONFIG.model_dump(), **change, "rollout_timeout_seconds": 30})
    deployer: Any = object.__new__(CloudRunDeployer)
    deployer._config, deployer.name, deployer.id = config, "run", "1234"

    def connect(used: Any) -> Service:
        assert used is deployer._config
        return service

    def tokens(*secret: str) -> Tokens:
        secrets.append(secret)
        return Tokens("token", {"operator": "feedback"})

    monkeypatch.setattr(module, "CloudRun", connect)
    monkeypatch.setattr(module, "Client", lambda: SimpleNamespace(active_stack=stack))
    monkeypatch.setattr(module, "require_tokens", tokens)
    monkeypatch.setattr(module, "list_service", lambda *entry: listed.append(entry))
    found: CloudRunDeployer = deployer
    return found


def model(version: str) -> ModelArtifact:
    data = b"model " + version.encode()
    return ModelArtifact(version, data, file_hash(data))


def split(service: Service) -> list[Any]:
    return service.shares(service.traffic)


def test_before_the_first_deployment(service: Service, deployer: CloudRunDeployer) -> None:
    assert (deployer.served_version(), deployer.beside()) == (None, None)
    assert deployer.retention_days() is None
    assert deployer.captured() == ["gs://c"]
    for action in (deployer.endpoint, deployer.status, deployer.start, deployer.stop):
        with pytest.raises(UserError, match=NOTHING_DEPLOYED):
            action()
    with pytest.raises(UserError, match=NOTHING_DEPLOYED):
        deployer.deploy(model("1"), None)
    with pytest.raises(UserError, match=NO_LIVE_VERSION):
        deployer.start_beside(model("1"), 0.1)
    deployer.stop_beside()
    deployer.perform_delete_model(None)  # type: ignore[arg-type]
    assert not service.updates


def test_a_deployment(
    service: Service, deployer: CloudRunDeployer, listed: list[Any], secrets: list[Any]
) -> None:
    endpoint = deployer.deploy(model("1"), SETTINGS)
    assert endpoint == Endpoint("https://run", "1", HEADERS, FEEDBACK)
    assert deployer.endpoint() == endpoint
    assert (deployer.served_version(), deployer.retention_days()) == ("1", 7)
    assert set(secrets) == {("endpoint", "plain")}
    (revision,) = service.created
    assert revision["containers"][0]["image"] == "registry/serving:1"
    assert revision["service_account"] == CONFIG.service_account
    names = {
        "face-recognizer-token": "token",
        "face-recognizer-feedback": '{"operator": "feedback"}',
    }
    assert service.secrets == names
    ((entry, kind),) = listed
    assert kind is CloudRunService
    assert entry.model_dump() | LISTED == entry.model_dump()


def test_a_version_replaces_another_and_is_replaced_again(
    service: Service, deployer: CloudRunDeployer, secrets: list[Any]
) -> None:
    deployer.deploy(model("1"), OWN_TOKENS)
    replaced = deployer.deploy(model("2"), None).replaced
    assert replaced is not None
    assert (replaced.version, replaced.settings.token_secret) == ("1", "mine")
    assert deployer.endpoint().version == "2"
    assert not deployer.restore(replaced, instead_of="1"), "another version is live"
    assert split(service) == [("2", 100, LIVE)]
    assert deployer.restore(replaced, instead_of="2")
    assert split(service) == [("1", 100, LIVE)]
    assert len(service.created) == 2
    deployer.start_beside(model("2"), 0.1)
    deployer.stop_beside()
    assert set(secrets) == {("mine", "plain")}
    assert deployer.restore(None, instead_of="1")
    assert service.traffic == [target(service.created[0]["name"].rsplit("/", 1)[1], 100)]
    assert deployer.served_version() is None
    assert service.service["scaling"] == STOPPED


def test_the_number_of_containers_decides_whether_they_share_requests(
    service: Service, deployer: Any
) -> None:
    for containers, replicas in ((1, 2), (2, 2), (5, 5)):
        change = {"max_instances": containers}
        deployer._config = deployer.config.model_copy(update=change)
        deployer.deploy(model("1"), SETTINGS)
        assert read_content(service.revision(service.traffic[0]["revision"])).settings.replicas == (
            replicas
        )


@pytest.mark.parametrize(
    ("share", "percent"), [(0.001, 1), (0.2, 20), (0.6, 60), (0.999, 99), (1.0, 99)]
)
def test_a_canary_receives_its_share(
    share: float, percent: int, service: Service, deployer: CloudRunDeployer
) -> None:
    deployer.deploy(model("1"), SETTINGS)
    deployer.start_beside(model("2"), share)
    assert split(service) == [("1", 100 - percent, LIVE), ("2", percent, CANARY)]
    live, canary = (read_content(service.revision(t["revision"])) for t in service.traffic)
    assert live.candidate == canary.model
    assert canary.candidate == live.model
    assert live.settings == canary.settings
    assert (deployer.served_version(), deployer.beside()) == ("1", "2")
    deployer.stop_beside()
    assert split(service) == [("1", 100, LIVE)]
    assert deployer.beside() is None


def test_a_shadow_receives_no_share_and_ends_before_its_file_is_deleted(
    service: Service, deployer: CloudRunDeployer
) -> None:
    deployer.deploy(model("1"), SETTINGS)
    deployer.start_beside(model("2"), 0.0)
    assert split(service) == [("1", 100, LIVE)]
    assert deployer.beside() == "2"
    with pytest.raises(OperationError, match="version 1 is still served"):
        deployer.delete_models([1, 2])
    assert deployer.delete_models([3]) == 0
    assert deployer.beside() == "2"
    assert deployer.delete_models([2]) == 1
    assert deployer.beside() is None
    updates = len(service.updates)
    deployer.stop_beside()
    assert deployer.delete_models([0, 4]) == 0
    assert len(service.updates) == updates


def test_versions_can_be_compared_only_if_requests_are_captured(
    deployer: CloudRunDeployer,
) -> None:
    deployer.deploy(model("1"), WITHOUT_CAPTURE)
    cause = "^rollout canary: capture is off, so the versions cannot be compared$"
    with pytest.raises(UserError, match=cause):
        deployer.require_canary_support()


def test_an_endpoint_is_stopped_and_started(service: Service, deployer: CloudRunDeployer) -> None:
    deployer.deploy(model("1"), SETTINGS)
    service.created[0]["create_time"] = "2026-11-25T12:00:00Z"
    deployer.stop()
    assert deployer.status().state == State.STOPPED
    deployer.start()
    assert deployer.status().state == State.RUNNING
    deployer.perform_delete_model(None)  # type: ignore[arg-type]
    assert deployer.served_version() is None


def test_a_version_that_does_not_become_ready_in_time_leaves_the_live_one(
    service: Service, deployer: CloudRunDeployer
) -> None:
    deployer.deploy(model("1"), SETTINGS)
    service.states["2"] = [STARTING]
    with pytest.raises(OperationError, match=r"is not ready after 30 s: .*; version 1 stays live"):
        deployer.deploy(model("2"), SETTINGS)


def test_captured_requests_are_where_the_endpoint_says(deployer: CloudRunDeployer) -> None:
    own = ServingSettings.model_validate({"capture": {"capture_uri": "gs://own/folder"}})
    deployer.deploy(model("1"), own)
    assert deployer.captured() == ["gs://own/folder"]


def test_the_image_is_in_the_stacks_registry_unless_it_is_configured(
    stack: SimpleNamespace, deployer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "image_name", lambda *parts: "/".join(parts))
    assert deployer._image() == "registry/serving:1"
    deployer._config = deployer.config.model_copy(update={"image": ""})
    assert deployer._image() == f"registry/{SERVING}"
    stack.container_registry = None
    assert deployer._image() == ""


def test_logs_are_those_of_the_service(
    deployer: CloudRunDeployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "read_logs", lambda *arguments: iter(arguments))
    with pytest.raises(UserError, match=NOTHING_DEPLOYED):
        list(deployer.logs(7))
    deployer.deploy(model("1"), SETTINGS)
    assert list(deployer.logs(7)) == [deployer.config, 7]


def test_what_zenml_prints(
    service: Service, deployer: CloudRunDeployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CloudRunService, "deployer", deployer)
    monkeypatch.setattr(CloudRunService, "prediction_url", "https://run/predict")
    entry = CloudRunService.model_construct()
    nothing = {"MODEL_VERSION": None, "MODEL": None, "CAPTURED": None}
    expected = {"PREDICTION_URL": "https://run/predict", "SERVICE": service.name, **nothing}
    assert deployer.get_model_server_info(entry) == expected
    deployer.deploy(model("1"), SETTINGS)
    uri = upload(deployer.config.models, model("1")).uri
    served = {"MODEL_VERSION": "1", "MODEL": uri, "CAPTURED": "gs://c"}
    assert deployer.get_model_server_info(entry) == expected | served
