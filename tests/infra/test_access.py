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
    "the databases' traffic is not encrypted": (
        "database",
        '      ssl_mode        = "ENCRYPTED_ONLY"\n',
        "",
    ),
    "the databases are public": ("database", "ipv4_enabled    = false", "ipv4_enabled = true"),
    "databases are not protected": ("database", "= var.deletion_protection", "= false"),
    "the endpoint on Cloud Run acts as the pipelines": (
        "cloud_run",
        "service_account = google_service_account.serving.email",
        "service_account = google_service_account.pipelines.email",
    ),
    "the pipelines administer Cloud Run": ("cloud_run", "roles/run.developer", "roles/run.admin"),
    "another identity changes the endpoint": (
        "cloud_run",
        "pipelines = google_service_account.pipelines.member",
        "pipelines = google_service_account.builds.member",
    ),
    "the pipelines change every service": (
        "cloud_run",
        "google_cloud_run_v2_service.endpoint[0].name",
        "each.key",
    ),
    "the endpoint cannot read its tokens": (
        "cloud_run",
        "  member    = google_service_account.serving.member",
        "  member    = google_service_account.mlflow.member",
    ),
    "clients need a Google login": ("cloud_run", "  invoker_iam_disabled = true\n", ""),
    "there is always a cluster": ("cluster", 'var.serving == "kubernetes" ? 1 : 0', "1"),
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
    "the endpoint reads the key of webhooks' secrets": (
        "secrets",
        "mlflow-webhooks = { reader = google_service_account.mlflow.member",
        "mlflow-webhooks = { reader = google_service_account.serving.member",
    ),
    "MLflow cannot store webhooks": (
        "mlflow",
        '"MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"',
        '"MLFLOW_WEBHOOK_KEY"',
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
    "the endpoint forwards alerts, too": (
        "alert_forwarder",
        "service_account = google_service_account.forwarder[0].email",
        "service_account = google_service_account.serving.email",
    ),
    "the forwarder reads ZenML's password": (
        "alert_forwarder",
        "secret_id = google_secret_manager_secret.forwarder[0].id",
        'secret_id = google_secret_manager_secret.server["zenml-login"].id',
    ),
    "the forwarder reads every secret of the project": (
        "alert_forwarder",
        'resource "google_secret_manager_secret_iam_member" "forwarder_webhook" {\n',
        'resource "google_project_iam_member" "forwarder_webhook" {\n  project = var.project\n',
    ),
    "the forwarder's login is known": (
        "alert_forwarder",
        "secret_data = random_password.forwarder[0].result",
        'secret_data = "google"',
    ),
    "Google sends another password": (
        "alert_forwarder",
        "    password = random_password.forwarder[0].result",
        '    password = random_password.zenml["login"].result',
    ),
    "the password is sent to another address": (
        "alert_forwarder",
        "url      = google_cloud_run_v2_service.forwarder[0].uri",
        "url      = google_cloud_run_v2_service.zenml.uri",
    ),
    "an alert forwarder is there unasked": (
        "alert_forwarder",
        'var.alert_webhook_secret != "" && var.serving_tag != "" ? 1 : 0',
        "1",
    ),
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
