from pathlib import Path
from typing import Any

import pytest

from components.checks import Component
from faces.errors import UserError
from stacks.spec import Stack, read_stack, stack_names


@pytest.fixture(scope="module", autouse=True)
def home(zenml_home: Path) -> None:
    from stacks.databases import create_zenml_database

    create_zenml_database()


def registered(name: str) -> dict[str, dict]:
    from zenml.client import Client

    stack = Client().get_stack(name, allow_name_prefix_match=False)
    return {kind.value: parts[0].configuration for kind, parts in stack.components.items()}


def stack_of(*parts: Component, name: str = "custom") -> Stack:
    store = Component("artifact_store", "custom-store", "local", {})
    return Stack(name, Path("custom.yaml"), (store, *parts))


def orchestrator(**configuration: str) -> Component:
    return Component("orchestrator", "custom-orchestrator", "local", configuration)


def tracker(**configuration: str) -> Component:
    return Component("experiment_tracker", "custom-tracker", "mlflow", configuration)


def test_registering_twice_changes_nothing_the_second_time() -> None:
    from stacks.register import plan_changes, register_stack

    for name in stack_names():
        stack = read_stack(name, {})
        register_stack(stack)
        assert plan_changes(stack) == []
        assert set(registered(name)) == {part.type for part in stack.components}


def test_a_plan_changes_nothing() -> None:
    from zenml.client import Client

    from stacks.register import plan_changes

    planned = [str(change) for change in plan_changes(stack_of(orchestrator(), name="planned"))]
    assert planned[-1] == "create stack 'planned'"
    with pytest.raises(KeyError):
        Client().get_stack("planned")


def test_a_changed_yaml_updates_what_differs_and_nothing_else() -> None:
    from stacks.register import register_stack

    register_stack(stack_of(orchestrator(), tracker(tracking_uri="file:/a", experiment_name="x")))
    changes = register_stack(stack_of(orchestrator(), tracker(tracking_uri="file:/b")))
    assert [str(c) for c in changes] == [
        "update experiment_tracker 'custom-tracker' (mlflow): experiment_name, tracking_uri"
    ]
    assert registered("custom")["experiment_tracker"] == {"tracking_uri": "file:/b"}
    changes = register_stack(stack_of(orchestrator()))
    assert [str(c) for c in changes] == ["update stack 'custom': its components"]
    assert set(registered("custom")) == {"orchestrator", "artifact_store"}


def test_a_failure_reverts_all_changes() -> None:
    from zenml.client import Client
    from zenml.enums import StackComponentType

    from stacks.register import register_stack

    before = registered("local")
    unknown_key = Component("model_registry", "wrong-registry", "mlflow", {"no_such_key": 1})
    part = Component("experiment_tracker", "wrong-tracker", "mlflow", {})
    with pytest.raises(UserError, match=r"could not create model_registry .* nothing was changed"):
        register_stack(stack_of(orchestrator(), part, unknown_key, name="wrong"))
    with pytest.raises(KeyError):
        Client().get_stack_component(StackComponentType.EXPERIMENT_TRACKER, "wrong-tracker")
    assert registered("local") == before


def test_a_name_registered_with_another_flavor_is_an_error() -> None:
    from stacks.register import register_stack

    register_stack(stack_of(orchestrator(), tracker()))
    other = Component("experiment_tracker", "custom-tracker", "comet", {})
    with pytest.raises(UserError, match="is registered as mlflow, not comet: delete it"):
        register_stack(stack_of(orchestrator(), other))


def test_a_missing_secret_is_an_error_once_the_placeholders_are_filled_in() -> None:
    from zenml.client import Client

    from stacks.register import plan_changes

    unset = read_stack("gcp", {}).unset
    stack = read_stack("gcp", dict.fromkeys(unset, "https://x"))
    with pytest.raises(UserError, match="zenml secret create mlflow --password=… --user"):
        plan_changes(stack)
    Client().create_secret("mlflow", {"username": "u", "password": "p"})
    with pytest.raises(UserError, match="zenml secret create endpoint --token=…"):
        plan_changes(stack)
    Client().create_secret("endpoint", {"token": "t"})
    with pytest.raises(UserError, match="zenml secret create alerts --url=…"):
        plan_changes(stack)
    Client().create_secret("alerts", {"url": "https://x"})
    assert plan_changes(stack)


def test_an_incomplete_stack_can_share_an_mlflow_server_that_requires_a_password() -> None:
    """As when gcp is set up and aws is not."""
    from zenml.client import Client

    from stacks.register import register_stack

    if not Client().list_secrets(name="mlflow").items:
        Client().create_secret("mlflow", {"username": "u", "password": "p"})
    stack = read_stack("aws", {"MLFLOW_TRACKING_URI": "https://mlflow.example.com"})
    assert stack.unset
    register_stack(stack)
    assert registered("aws")["experiment_tracker"]["tracking_username"] == "{{mlflow.username}}"


def test_gcp_can_be_active_without_packages_and_reports_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from zenml.client import Client

    from stacks.readiness import check_ready
    from stacks.register import register_stack

    monkeypatch.delenv("ZENML_ACTIVE_STACK_ID", raising=False)
    register_stack(read_stack("gcp", {}))
    Client().activate_stack("gcp")
    assert Client().active_stack_model.name == "gcp"
    with pytest.raises(UserError) as error:
        check_ready(Client().active_stack_model)
    Client().activate_stack("local")
    assert "\n" not in str(error.value)
    for part in ("set GCP_BUCKET, GCP_CAPTURED_BUCKET", "make setup-gcp", "kfp", "kubernetes"):
        assert part in str(error.value)


def test_a_stack_without_a_tracker_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    from zenml.client import Client

    from components.tracking.base import active_tracker
    from stacks.readiness import check_ready

    default = Client().get_stack("default")
    with pytest.raises(UserError, match="add an experiment tracker \\(mlflow, wandb\\)"):
        check_ready(default)
    monkeypatch.setenv("ZENML_ACTIVE_STACK_ID", str(default.id))
    with pytest.raises(UserError, match="has no experiment tracker: choose from mlflow, wandb"):
        active_tracker()


def test_mlflow_needs_a_model_registry() -> None:
    from zenml.client import Client

    from stacks.readiness import check_ready
    from stacks.register import register_stack

    register_stack(stack_of(orchestrator(), tracker(), name="no-registry"))
    with pytest.raises(UserError, match="'no-registry' is not ready: add a model registry"):
        check_ready(Client().get_stack("no-registry"))


def test_wandb_needs_no_registry_but_a_key_or_offline_mode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from zenml.client import Client

    from components.tracking.base import active_tracker
    from components.tracking.wandb import WandbTracker
    from stacks.readiness import check_ready
    from stacks.register import register_stack

    monkeypatch.delenv("WANDB_MODE", raising=False)
    register_stack(read_stack("local-wandb", {}))
    stack = Client().get_stack("local-wandb")
    with pytest.raises(UserError, match=r"there is no API key.*: export WANDB_MODE=offline"):
        check_ready(stack)
    monkeypatch.setenv("WANDB_MODE", "offline")
    check_ready(stack)
    monkeypatch.setenv("ZENML_ACTIVE_STACK_ID", str(stack.id))
    assert isinstance(active_tracker(), WandbTracker)


def test_a_wandb_key_is_a_reference_to_a_secret() -> None:
    from zenml.client import Client

    from stacks.register import plan_changes, register_stack

    stack = read_stack("local-wandb", {"WANDB_KEY": "{{wandb.api_key}}"})
    with pytest.raises(UserError, match="zenml secret create wandb --api_key=…"):
        plan_changes(stack)
    Client().create_secret("wandb", {"api_key": "x" * 40})
    register_stack(stack)
    assert registered("local-wandb")["experiment_tracker"]["api_key"] == "{{wandb.api_key}}"
    register_stack(read_stack("local-wandb", {}))


OLD_SOURCES = {
    ("model_deployer", "seldon_local"): "deployers.seldon_local.flavor.SeldonLocalFlavor",
    ("alerter", "log"): "alerters.log.LogFlavor",
}
"""Import paths of these flavors before the code was restructured."""


def flavors() -> dict[str, Any]:
    from zenml.client import Client

    return {f.name: f for f in Client().list_flavors(size=1000).items}


def move_flavors_to_old_sources() -> None:
    from zenml.client import Client
    from zenml.models import FlavorUpdate

    for (_, name), source in OLD_SOURCES.items():
        update = FlavorUpdate(source=source, config_schema={"properties": {}})
        Client().zen_store.update_flavor(flavors()[name].id, update)


def test_flavors_whose_source_moved_are_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    from zenml.client import Client

    from components.deployers.seldon_local.deployer import SeldonLocalDeployer
    from stacks.readiness import check_ready
    from stacks.register import plan_changes, register_stack

    local = read_stack("local", {})
    register_stack(local)
    move_flavors_to_old_sources()
    stack = Client().get_stack("local")
    with pytest.raises(UserError, match=r"flavors \(log, seldon_local\): .*--register-stacks"):
        check_ready(stack)
    assert [str(change) for change in register_stack(local)] == [
        "update flavor 'seldon_local': source",
        "update flavor 'log': source",
    ]
    assert flavors()["log"].source == "components.alerters.log.LogFlavor"
    assert "file" in flavors()["log"].config_schema["properties"]
    assert plan_changes(local) == []
    stack = Client().get_stack("local")
    check_ready(stack)
    monkeypatch.setenv("ZENML_ACTIVE_STACK_ID", str(stack.id))
    assert isinstance(Client().active_stack.model_deployer, SeldonLocalDeployer)


def test_a_failure_restores_a_flavors_previous_source() -> None:
    from stacks.register import register_stack

    local = read_stack("local", {})
    register_stack(local)
    move_flavors_to_old_sources()
    invalid = Component("model_registry", "wrong-registry", "mlflow", {"no_such_key": 1})
    alerter = next(part for part in local.components if part.type == "alerter")
    with pytest.raises(UserError, match="nothing was changed"):
        register_stack(stack_of(orchestrator(), alerter, invalid, name="wrong"))
    assert flavors()["log"].source == OLD_SOURCES["alerter", "log"]
    assert flavors()["log"].config_schema == {"properties": {}}
    register_stack(local)


def test_all_stacks_are_registered_or_only_shown() -> None:
    from io import StringIO

    from rich.console import Console

    from cli.stacks import register_all

    def output(dry_run: bool, **environment: str) -> str:
        console = Console(file=StringIO(), width=200)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            register_all(console, dry_run)
        return str(console.file.getvalue())  # type: ignore[attr-defined]

    output(dry_run=False)
    assert "stack 'local' is up to date" in output(dry_run=False)
    filled = {"GCP_PROJECT": "faces-1"}
    for _ in range(2):
        planned = output(dry_run=True, **filled)
        assert "stack 'gcp' would change" in planned
        assert "update image_builder 'gcp-cloud-build' (gcp): project" in planned
        assert "not set, so left as placeholders: GCP_BUCKET, GCP_CAPTURED_BUCKET" in planned
    assert "stack 'gcp' is registered" in output(dry_run=False, **filled)
    assert registered("gcp")["image_builder"]["project"] == "faces-1"
    assert "stack 'gcp' is up to date" in output(dry_run=True, **filled)
