"""Each identity has the access that was reviewed, and changes of it are noticed."""

from pathlib import Path

import pytest
import yaml

from tests.infra.access import INFRA, access

EXPECTED = yaml.safe_load((Path(__file__).parent / "access.yaml").read_text())

SABOTAGES = {
    "developers administer Vertex AI": ("identities", "aiplatform.user", "aiplatform.admin"),
    "the endpoint reads captured faces": (
        "identities",
        '"roles/storage.objectCreator"',
        '"roles/storage.objectUser"',
    ),
    "the endpoint reads all artifacts": ("identities", "/objects/models/", "/objects/"),
    "MLflow writes all artifacts": ("identities", "/objects/mlflow/", "/objects/"),
    "any pod is the endpoint": ("identities", "${local.namespace}/serving]", "default/default]"),
    "builds change the deployer's identity": (
        "identities",
        "service_account_id = google_service_account.builds.name",
        "service_account_id = google_service_account.zenml.name",
    ),
    "MLflow's traffic is not encrypted": (
        "mlflow",
        '      ssl_mode        = "ENCRYPTED_ONLY"\n',
        "",
    ),
    "MLflow's database is public": ("mlflow", "ipv4_enabled    = false", "ipv4_enabled = true"),
    "ZenML's database is public": ("zenml", "ipv4_enabled    = false", "ipv4_enabled = true"),
    "databases are not protected": ("mlflow", "= var.deletion_protection", "= false"),
    "ZenML runs as the pipelines": (
        "zenml",
        "service_account = google_service_account.zenml.email",
        "service_account = google_service_account.pipelines.email",
    ),
    "another identity reads ZenML's password": (
        "secrets",
        "zenml-login     = { reader = google_service_account.zenml.member",
        "zenml-login     = { reader = google_service_account.mlflow.member",
    ),
    "another identity deploys": (
        "cluster",
        "[google_service_account.zenml.email,",
        "[google_service_account.nodes.email,",
    ),
    "the numeric name is missing": ("cluster", ", google_service_account.zenml.unique_id]", "]"),
    "the deployer reads all secrets": ("cluster", '    resource_names = ["face-recognizer"]\n', ""),
    "pods may be privileged": ("cluster", '= "restricted"', '= "privileged"'),
    "nodes are public": (
        "cluster",
        "enable_private_nodes    = true",
        "enable_private_nodes = false",
    ),
    "Vertex AI does not reach the cluster": (
        "cluster",
        "gcp_public_cidrs_access_enabled = true",
        "gcp_public_cidrs_access_enabled = false",
    ),
    "captured faces are public": ("storage", '"enforced"', '"inherited"'),
    "captured faces are kept": ("storage", "age = var.capture_days", "age = 3650"),
    "faces are sent without TLS": ("endpoint", '"false"', '"true"'),
    "an API is not enabled": ("services", '"cloudresourcemanager", ', ""),
}


def test_access_is_as_reviewed() -> None:
    assert access(INFRA) == EXPECTED


@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_a_sabotage_of_access_is_noticed(sabotage: str, infra: Path) -> None:
    name, before, after = SABOTAGES[sabotage]
    file = infra / f"{name}.tf"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))
    assert access(infra) != EXPECTED
