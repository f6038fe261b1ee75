from pathlib import Path

import pytest

from faces.errors import UserError
from stacks.spec import Component, Stack, read_stack


@pytest.fixture(scope="module", autouse=True)
def home(zenml_home: Path) -> None:
    from stacks.databases import create_zenml_database

    create_zenml_database()


def registered(name: str) -> dict[str, dict]:
    from zenml.client import Client

    stack = Client().get_stack(name, allow_name_prefix_match=False)
    return {kind.value: parts[0].configuration for kind, parts in stack.components.items()}


def made(*parts: Component, name: str = "made") -> Stack:
    store = Component("artifact_store", "made-store", "local", {})
    return Stack(name, Path("made.yaml"), (store, *parts))


def orchestrator(**configuration: str) -> Component:
    return Component("orchestrator", "made-orchestrator", "local", configuration)


def tracker(**configuration: str) -> Component:
    return Component("experiment_tracker", "made-tracker", "mlflow", configuration)


def test_registering_twice_changes_nothing_the_second_time() -> None:
    from stacks.register import plan_changes, register_stack

    for name in ("local", "gcp"):
        stack = read_stack(name, {})
        register_stack(stack)
        assert plan_changes(stack) == []
        assert set(registered(name)) == {part.type for part in stack.components}


def test_a_plan_changes_nothing() -> None:
    from zenml.client import Client

    from stacks.register import plan_changes

    planned = [str(change) for change in plan_changes(made(orchestrator(), name="planned"))]
    assert planned[-1] == "create stack 'planned'"
    with pytest.raises(KeyError):
        Client().get_stack("planned")


def test_a_changed_yaml_updates_what_differs_and_nothing_else() -> None:
    from stacks.register import register_stack

    register_stack(made(orchestrator(), tracker(tracking_uri="file:/a", experiment_name="x")))
    changes = register_stack(made(orchestrator(), tracker(tracking_uri="file:/b")))
    assert [str(c) for c in changes] == [
        "update experiment_tracker 'made-tracker' (mlflow): experiment_name, tracking_uri"
    ]
    assert registered("made")["experiment_tracker"] == {"tracking_uri": "file:/b"}
    changes = register_stack(made(orchestrator()))
    assert [str(c) for c in changes] == ["update stack 'made': its components"]
    assert set(registered("made")) == {"orchestrator", "artifact_store"}


def test_a_failure_leaves_nothing_half_done() -> None:
    from stacks.register import find_component, register_stack

    before = registered("local")
    bad_request = Component("model_registry", "wrong-registry", "mlflow", {"no_such_key": 1})
    part = Component("experiment_tracker", "wrong-tracker", "mlflow", {})
    with pytest.raises(UserError, match=r"could not create model_registry .* nothing was changed"):
        register_stack(made(orchestrator(), part, bad_request, name="wrong"))
    assert find_component("experiment_tracker", "wrong-tracker") is None
    assert registered("local") == before


def test_a_name_that_is_taken_by_another_flavor_is_told() -> None:
    from stacks.register import register_stack

    register_stack(made(orchestrator(), tracker()))
    other = Component("experiment_tracker", "made-tracker", "comet", {})
    with pytest.raises(UserError, match="is registered as mlflow, not comet: delete it"):
        register_stack(made(orchestrator(), other))


def test_a_secret_that_does_not_exist_is_asked_for_once_the_rest_is_filled_in() -> None:
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
    assert plan_changes(stack)


def test_gcp_can_be_active_without_packages_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from zenml.client import Client

    from stacks.readiness import check_ready
    from stacks.register import register_stack

    monkeypatch.delenv("ZENML_ACTIVE_STACK_ID", raising=False)
    register_stack(read_stack("gcp", {}))
    Client().activate_stack("gcp")
    assert Client().active_stack_model.name == "gcp"
    with pytest.raises(UserError) as told:
        check_ready(Client().active_stack_model)
    Client().activate_stack("local")
    assert "\n" not in str(told.value)
    for part in ("set GCP_BUCKET, GCP_CAPTURED_BUCKET", "make setup-gcp", "kfp", "kubernetes"):
        assert part in str(told.value)


def test_a_stack_without_mlflow_is_not_ready_for_training() -> None:
    from zenml.client import Client

    from stacks.readiness import check_ready, mlflow_address

    default = Client().get_stack("default")
    assert mlflow_address(default) is None
    with pytest.raises(UserError, match="add to it: experiment tracker, model registry"):
        check_ready(default)


def test_all_stacks_are_registered_or_only_shown() -> None:
    from io import StringIO

    from rich.console import Console

    from cli.runner import register_all

    def told(dry_run: bool, **environment: str) -> str:
        console = Console(file=StringIO(), width=200)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            register_all(console, dry_run)
        return str(console.file.getvalue())  # type: ignore[attr-defined]

    told(dry_run=False)
    assert "stack 'local' is up to date" in told(dry_run=False)
    filled = {"GCP_PROJECT": "faces-1"}
    for _ in range(2):
        planned = told(dry_run=True, **filled)
        assert "stack 'gcp' would change" in planned
        assert "update image_builder 'gcp-cloud-build' (gcp): project" in planned
        assert "not set, so left as placeholders: GCP_BUCKET, GCP_CAPTURED_BUCKET" in planned
    assert "stack 'gcp' is registered" in told(dry_run=False, **filled)
    assert registered("gcp")["image_builder"]["project"] == "faces-1"
    assert "stack 'gcp' is up to date" in told(dry_run=True, **filled)
