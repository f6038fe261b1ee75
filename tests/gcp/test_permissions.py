"""The fakes ask for the roles that infra/gcp grants: each that is missing there is noticed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gcp.doubles.cloud_run import ENDPOINT, SECRETS
from tests.gcp.doubles.grants import DEVELOPER
from tests.gcp.doubles.handler import Refused
from tests.gcp.doubles.identity import Identities, email
from tests.gcp.doubles.kubernetes import DEPLOYMENTS as SELDON
from tests.infra.access import INFRA

Request = Callable[[Identities], None]
GONE = '"removed" "it"'
REQUESTS: dict[str, tuple[Request, tuple[str, str, str]]] = {
    "steps start jobs": (
        lambda i: i.require("pipelines", "aiplatform.customJobs.create"),
        ("identities", '"google_project_iam_member" "pipelines_jobs"', GONE),
    ),
    "steps start jobs as themselves": (
        lambda i: i.require_act_as("pipelines", email("pipelines")),
        ("identities", '"google_service_account_iam_member" "pipelines_as_itself"', GONE),
    ),
    "you start runs": (
        lambda i: i.require(DEVELOPER, "aiplatform.pipelineJobs.create"),
        ("identities", '"roles/aiplatform.user",  ', '"roles/aiplatform.viewer",'),
    ),
    "you delete schedules": (
        lambda i: i.require(DEVELOPER, "aiplatform.schedules.delete"),
        ("identities", "local.developer_roles", '["roles/logging.viewer"]'),
    ),
    "your runs act as the pipelines": (
        lambda i: i.require_act_as(DEVELOPER, email("pipelines")),
        ("identities", '"google_service_account_iam_member" "developers_as_pipelines"', GONE),
    ),
    "steps change the service of Cloud Run": (
        lambda i: i.require("pipelines", "run.services.update", ENDPOINT),
        ("cloud_run", "roles/run.developer", "roles/run.viewer"),
    ),
    "revisions act as the endpoint": (
        lambda i: i.require_act_as("pipelines", email("serving")),
        ("cloud_run", "google_service_account.serving.name", "google_service_account.builds.name"),
    ),
    "steps add a version of the token": (
        lambda i: i.require("pipelines", "secretmanager.versions.add", SECRETS),
        ("cloud_run", "roles/secretmanager.secretVersionAdder", "roles/secretmanager.viewer"),
    ),
    "the endpoint reads its token": (
        lambda i: i.require("serving", "secretmanager.versions.access", SECRETS),
        ("cloud_run", "service_account.serving.member", "service_account.mlflow.member"),
    ),
    "the deployer changes a deployment": (
        lambda i: i.require_in_cluster("zenml", "update", SELDON, "face-recognizer"),
        ("cluster", '"create", "update", "patch"', '"create", "patch"'),
    ),
    "the deployer stores the token": (
        lambda i: i.require_in_cluster("zenml", "update", "secrets", "face-recognizer"),
        ("cluster", 'verbs          = ["get", "update"]', 'verbs          = ["get"]'),
    ),
    "the deployer reads logs": (
        lambda i: i.require_in_cluster("zenml", "get", "pods/log", "pod-1"),
        ("cluster", '"pods/log", ', ""),
    ),
    "the cluster knows the connector's identity": (
        lambda i: i.require_in_cluster("zenml", "list", "pods", None),
        ("cluster", ", google_service_account.zenml.unique_id]", "]"),
    ),
}
"""What is needed, and how it is taken away: a file, and a text and its replacement."""

FORBIDDEN: dict[str, Request] = {
    "the endpoint starts jobs": lambda i: i.require("serving", "aiplatform.customJobs.create"),
    "steps act as ZenML": lambda i: i.require_act_as("pipelines", email("zenml")),
    "you act as MLflow": lambda i: i.require_act_as(DEVELOPER, email("mlflow")),
    "MLflow reads the endpoint's token": lambda i: i.require(
        "mlflow", "secretmanager.versions.access", SECRETS
    ),
    "the deployer reads other secrets": lambda i: i.require_in_cluster(
        "zenml", "get", "secrets", "others"
    ),
    "steps deploy without the connector": lambda i: i.require_in_cluster(
        "pipelines", "update", SELDON, "face-recognizer"
    ),
}


@pytest.mark.parametrize("needed", REQUESTS)
def test_a_role_that_is_missing_in_infra_is_noticed(needed: str, tmp_path: Path) -> None:
    request, (name, before, after) = REQUESTS[needed]
    request(Identities(tmp_path))
    infra = tmp_path / "infra"
    shutil.copytree(INFRA, infra, ignore=shutil.ignore_patterns(".terraform*", "*.tfvars"))
    text = (infra / f"{name}.tf").read_text()
    assert before in text
    (infra / f"{name}.tf").write_text(text.replace(before, after))
    with pytest.raises(Refused) as error:
        request(Identities(tmp_path, infra))
    assert error.value.args[0] == 403


@pytest.mark.parametrize("request_of", FORBIDDEN)
def test_nobody_may_do_more(request_of: str, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        FORBIDDEN[request_of](Identities(tmp_path))


def test_only_tokens_of_known_identities_are_accepted(tmp_path: Path) -> None:
    identities = Identities(tmp_path)
    token = identities.token("pipelines")
    assert identities.caller(f"Bearer {token}") == "pipelines"
    (tmp_path / "elsewhere").mkdir()
    another = Identities(tmp_path / "elsewhere")
    for header in (None, "Bearer ", f"Bearer {token}x", f"Bearer {another.token('pipelines')}"):
        with pytest.raises(Refused) as error:
            identities.caller(header)
        assert error.value.args[0] == 401
