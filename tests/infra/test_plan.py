"""`terraform test` with mocked providers: what would be created, as it was reviewed."""

from pathlib import Path

import pytest
import yaml

from tests.infra.conftest import HERE
from tests.infra.plan import plan

EXPECTED = yaml.safe_load((HERE / "plan.yaml").read_text())


def test_the_plan_is_as_reviewed(infra: Path, environment: dict[str, str]) -> None:
    found, errors = plan(infra, environment)
    assert errors == []
    assert found == EXPECTED


def test_the_default_has_no_cluster_and_nothing_that_always_runs() -> None:
    expected = EXPECTED["both"] | EXPECTED["cloud_run"]
    assert not [name for name in expected if name.startswith(("kubernetes_", "helm_release."))]
    assert not [name for name in expected if "container_cluster" in name or "router" in name]
    services = {name: item for name, item in expected.items() if "cloud_run_v2_service." in name}
    assert len(services) == 4
    for service in services.values():
        scaling = service["template"][0].get("scaling", [{}])
        assert "min_instance_count" not in scaling[0]


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("variables", '["cloud_run", "kubernetes"]', '["cloud_run", "kubernetes", "vm"]'),
        ("variables", '"0.0.0.0/0")', '"0.0.0.0/8")'),
        ("alert_forwarder", 'var.alert_webhook_secret != "" && var.serving_tag', "var.serving_tag"),
        ("cluster", 'var.domain != "" && length(var.authorized_networks) > 0', 'var.region != ""'),
    ],
)
def test_a_sabotage_of_the_checks_of_variables_is_noticed(
    file: str, before: str, after: str, infra: Path, environment: dict[str, str]
) -> None:
    path = infra / f"{file}.tf"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    _, errors = plan(infra, environment)
    assert any("Missing expected failure" in error for error in errors), errors
