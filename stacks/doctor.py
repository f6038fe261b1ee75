"""Look at a stack part by part, before anything runs: what is wrong, and how to mend it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration

from stacks.ready import absent_modules
from stacks.specs import Stack, secrets

PATIENCE = 5.0
"""Seconds that one question may take."""


@dataclass(frozen=True)
class Finding:
    """What was looked at; if something is wrong, what, and what to do about it."""

    part: str
    told: str
    remedy: str | None = None

    @property
    def well(self) -> bool:
        """Nothing is to be done."""
        return self.remedy is None


class IllError(Exception):
    """Something is wrong: (what, remedy)."""


def examine(stack: Stack) -> Iterator[Finding]:
    """All findings about a stack, as its YAML says it with what the environment fills in.

    Every question gives up after some seconds. What cannot be asked for lack of something that was
    found missing before is left out.
    """
    packages = _ask("packages", lambda: _packages(stack))
    yield packages
    settings = _ask("environment", lambda: _environment(stack))
    yield settings
    yield _ask("secrets", lambda: _secrets(stack))
    flavors = {(part.type, part.flavor): dict(part.configuration) for part in stack.components}
    if not (packages.well and settings.well):
        return
    if ("artifact_store", "gcp") in flavors:
        credentials = _ask("credentials", _credentials)
        yield credentials
        if credentials.well:
            place = str(flavors["artifact_store", "gcp"]["path"])
            yield _ask("bucket", lambda: _bucket(place))
            if ("container_registry", "gcp") in flavors:
                address = str(flavors["container_registry", "gcp"]["uri"])
                yield _ask("registry", lambda: _registry(address))
    if ("model_deployer", "seldon") in flavors:
        cluster = flavors["model_deployer", "seldon"]
        yield _ask("cluster", lambda: _cluster(cluster))
    if server := flavors.get(("experiment_tracker", "mlflow"), {}).get("tracking_uri"):
        yield _ask("MLflow server", lambda: _mlflow(str(server)))
    if ("orchestrator", "vertex") in flavors:
        yield _ask("ZenML server", _zenml)


def _ask(part: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(part, look())
    except IllError as ill:
        what, remedy = ill.args
        return Finding(part, what, remedy)
    except Exception as error:
        first = (str(error) or type(error).__name__).strip().splitlines()[0][:200]
        return Finding(part, f"{type(error).__name__}: {first}", "see docs/gcp.md")


def _packages(stack: Stack) -> str:
    absent = absent_modules({part.flavor for part in stack.components})
    if absent:
        raise IllError(f"not installed: {', '.join(absent)}", "make setup-gcp")
    return "all there"


def _environment(stack: Stack) -> str:
    if stack.unset:
        raise IllError(
            f"not set: {', '.join(stack.unset)}",
            "set them (terraform output -raw environment gives most), then "
            "python run.py --register-stacks",
        )
    return "everything that the YAML wants is set"


def _secrets(stack: Stack) -> str:
    wanted = sorted({found for part in stack.components for found in secrets(part.configuration)})
    for name, key in wanted:
        try:
            kept = Client().get_secret(name, allow_partial_name_match=False)
        except KeyError:
            raise IllError(f"no secret '{name}'", f"zenml secret create {name} --{key}=…") from None
        if key not in kept.secret_values:
            raise IllError(
                f"secret '{name}' has no '{key}'", f"zenml secret update {name} --{key}=…"
            )
    return f"{len(wanted)} found" if wanted else "none needed"


def _credentials() -> str:
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
    from google.auth.transport.requests import Request

    # Where this is no machine of Google's, asking for its metadata server takes many seconds.
    os.environ.setdefault("NO_GCE_CHECK", "true")
    login = "gcloud auth application-default login"
    try:
        credentials, project = google.auth.default(
            scopes=["https://www.googleapis.com/auth/cloud-platform"]
        )
    except DefaultCredentialsError as error:
        raise IllError("none found", login) from error
    try:
        if not credentials.valid and not os.environ.get("STORAGE_EMULATOR_HOST"):
            credentials.refresh(Request())
    except GoogleAuthError as error:
        raise IllError(f"not accepted: {str(error).splitlines()[0][:120]}", login) from error
    who = getattr(credentials, "service_account_email", "") or "a person"
    return f"of {who}, project {project or 'not named'}"


def _bucket(path: str) -> str:
    from google.api_core.exceptions import Forbidden, NotFound
    from google.cloud import storage

    name = path.removeprefix("gs://").partition("/")[0]
    try:
        bucket = storage.Client().get_bucket(name, timeout=PATIENCE, retry=None)
    except NotFound:
        raise IllError(
            f"there is no gs://{name}", f"gcloud storage buckets create gs://{name}, or infra/"
        ) from None
    except Forbidden:
        raise IllError(
            f"no permission to look at gs://{name}",
            "give this identity roles/storage.objectAdmin on it (infra/identities.tf)",
        ) from None
    return f"gs://{bucket.name} can be read"


def _registry(uri: str) -> str:
    from google.api_core.exceptions import NotFound, PermissionDenied
    from google.cloud import artifactregistry_v1

    host, project, repository = uri.split("/")[:3]
    location = host.removesuffix("-docker.pkg.dev")
    name = f"projects/{project}/locations/{location}/repositories/{repository}"
    client = artifactregistry_v1.ArtifactRegistryClient()
    try:
        client.get_repository(name=name, timeout=PATIENCE, retry=None)
    except NotFound:
        raise IllError(
            f"there is no {uri}",
            f"gcloud artifacts repositories create {repository} --repository-format docker "
            f"--location {location}, or infra/",
        ) from None
    except PermissionDenied:
        raise IllError(
            f"no permission to look at {uri}", "give this identity roles/artifactregistry.reader"
        ) from None
    return f"{uri} is there"


def _cluster(configuration: dict[str, Any]) -> str:
    from kubernetes import client, config
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    context = str(configuration["kubernetes_context"])
    namespace = str(configuration["kubernetes_namespace"])
    try:
        api = config.new_client_from_config(context=context)
    except config.ConfigException as error:
        raise IllError(
            f"no context '{context}': {str(error).splitlines()[0]}",
            "gcloud container clusters get-credentials faces --region …",
        ) from error
    api.configuration.retries = False
    deployments = client.CustomObjectsApi(api)
    try:
        deployments.list_namespaced_custom_object(
            "machinelearning.seldon.io", "v1", namespace, "seldondeployments",
            _request_timeout=PATIENCE,
        )  # fmt: skip
    except HTTPError as error:
        raise IllError(
            f"context '{context}' does not answer: {type(error).__name__}",
            "is the cluster there, and may this machine reach it (authorized_networks)?",
        ) from error
    except ApiException as error:
        if error.status == 404:
            raise IllError("it has no Seldon Core", "install it: infra/cluster.tf") from error
        raise IllError(
            f"it refuses: {error.status} {error.reason}",
            f"this identity needs the role 'deployer' in namespace {namespace}",
        ) from error
    return f"context '{context}' answers, with Seldon Core"


def _mlflow(address: str) -> str:
    import requests

    try:
        answer = requests.get(f"{address.rstrip('/')}/health", timeout=PATIENCE)
    except requests.RequestException as error:
        raise IllError(
            f"{address} does not answer: {type(error).__name__}",
            "start it, or set MLFLOW_TRACKING_URI to where it is",
        ) from error
    if not answer.ok:
        raise IllError(
            f"{address} said {answer.status_code}",
            "is it an MLflow server, and does the secret 'mlflow' hold its token?",
        )
    return f"{address} is well"


def _zenml() -> str:
    if GlobalConfiguration().uses_local_store:
        raise IllError(
            "this client has a local database, which steps on Vertex cannot reach",
            "zenml login https://… (a ZenML server of one's own)",
        )
    return "this client uses a server"
