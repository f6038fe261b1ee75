import os
from pathlib import Path

import pytest
import yaml
import zenml

from faces.errors import UserError
from stacks import spec
from stacks.spec import fill, read_stack, stack_names, unset_placeholders


def test_placeholders_are_filled_from_the_environment() -> None:
    text = {"path": "gs://${BUCKET}/x", "where": ["${REGION:-here}", 3, None]}
    assert fill(text, {"BUCKET": "b"}) == {"path": "gs://b/x", "where": ["here", 3, None]}
    assert fill(text, {"REGION": "there", "BUCKET": ""})["where"][0] == "there"
    assert list(unset_placeholders(fill(text, {}))) == ["BUCKET"]


@pytest.mark.parametrize("name", stack_names())
def test_every_stack_is_in_the_format_of_the_installed_zenml(name: str) -> None:
    content = yaml.safe_load((spec.FOLDER / f"{name}.yaml").read_text())
    assert content["zenml_version"] == zenml.__version__
    assert content["stack_name"] == name
    for kind, part in content["components"].items():
        assert part["type"] == kind
        assert set(part) == {"name", "type", "flavor", "configuration"}


def test_gcp_is_complete() -> None:
    stack = read_stack("gcp", {})
    assert {part.type: part.flavor for part in stack.components} == {
        "orchestrator": "vertex_jobs",
        "artifact_store": "gcp",
        "container_registry": "gcp",
        "image_builder": "gcp",
        "experiment_tracker": "mlflow",
        "model_registry": "mlflow",
        "data_validator": "evidently",
        "model_deployer": "seldon_kubernetes",
        "alerter": "webhook",
    }
    filled = read_stack("gcp", dict.fromkeys(stack.unset, "something"))
    assert filled.unset == []


def test_gcp_run_differs_from_gcp_in_the_deployer_only() -> None:
    gcp, run = read_stack("gcp", {}), read_stack("gcp-run", {})
    for one, other in zip(gcp.components, run.components, strict=True):
        assert one == other or one.type == "model_deployer"
    assert read_stack("gcp-run", dict.fromkeys(run.unset, "something")).unset == []
    assert "SELDON_URL" not in run.unset


def test_an_unknown_stack_and_a_broken_file_are_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        UserError, match=r"unknown stack 'azure': .*choose from aws, gcp, gcp-run, local"
    ):
        read_stack("azure", os.environ)
    (tmp_path / "odd.yaml").write_text("stack_name: odd\n")
    monkeypatch.setattr(spec, "FOLDER", tmp_path)
    with pytest.raises(UserError, match=r"odd\.yaml: not in ZenML's stack format"):
        read_stack("odd", os.environ)


def test_the_local_stack_with_wandb_needs_no_account_and_shares_the_endpoint() -> None:
    local, wandb = (
        {part.type: part for part in read_stack(name, {}).components}
        for name in ("local", "local-wandb")
    )
    assert read_stack("local-wandb", {}).unset == []
    assert wandb["experiment_tracker"].flavor == "wandb"
    assert "model_registry" not in wandb
    same = {kind for kind, part in wandb.items() if part == local.get(kind)}
    assert same == {"orchestrator", "model_deployer", "alerter"}
