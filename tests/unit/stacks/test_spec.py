import os

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
def test_every_stack_is_in_zenmls_format_for_the_zenml_that_is_installed(name: str) -> None:
    kept = yaml.safe_load((spec.FOLDER / f"{name}.yaml").read_text())
    assert kept["zenml_version"] == zenml.__version__
    assert kept["stack_name"] == name
    for kind, part in kept["components"].items():
        assert part["type"] == kind
        assert set(part) == {"name", "type", "flavor", "configuration"}


def test_gcp_is_complete() -> None:
    stack = read_stack("gcp", {})
    assert {part.type: part.flavor for part in stack.components} == {
        "orchestrator": "vertex",
        "artifact_store": "gcp",
        "container_registry": "gcp",
        "image_builder": "gcp",
        "experiment_tracker": "mlflow",
        "model_registry": "mlflow",
        "data_validator": "evidently",
        "model_deployer": "seldon_kubernetes",
    }
    filled = read_stack("gcp", dict.fromkeys(stack.unset, "something"))
    assert filled.unset == []


def test_an_unknown_stack_and_a_malformed_file_are_reported(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="unknown stack 'azure': .*choose from gcp, local"):
        read_stack("azure", os.environ)
    (tmp_path / "odd.yaml").write_text("stack_name: odd\n")
    monkeypatch.setattr(spec, "FOLDER", tmp_path)
    with pytest.raises(UserError, match=r"odd\.yaml: not in ZenML's stack format"):
        read_stack("odd", os.environ)
