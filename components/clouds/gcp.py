"""What Google Cloud answers when it is asked for what a stack stands on."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.checks import TIMEOUT_SECONDS, CheckFailed
from components.deployers.container_images import CONTENT, image_name

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

RUN_ID = "orchestrator_run_id"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
LOGIN = "gcloud auth application-default login"
MACHINE = Path("/sys/class/dmi/id/product_name")
"""Says 'Google Compute Engine' on a machine of Google's."""

BUILD = "gcloud builds submit --config infra/gcp/cloudbuild.yaml (docs/gcp.md)"


def check_credentials() -> str:
    """Whose they are. Raises CheckFailed without any, or if they are not accepted."""
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
    from google.auth.transport.requests import Request

    if not (MACHINE.exists() and "Google" in MACHINE.read_text()):
        # Elsewhere, asking for Google's metadata server takes a quarter of a minute.
        os.environ.setdefault("NO_GCE_CHECK", "true")
    try:
        credentials, project = google.auth.default(scopes=[SCOPE])
    except DefaultCredentialsError as error:
        raise CheckFailed("no Google credentials were found", LOGIN) from error
    try:
        if not credentials.valid and not os.environ.get("STORAGE_EMULATOR_HOST"):
            credentials.refresh(Request())
    except GoogleAuthError as error:
        said = str(error).splitlines()[0][:120]
        raise CheckFailed(f"Google's credentials are not accepted: {said}", LOGIN) from error
    who = getattr(credentials, "service_account_email", "") or "a person"
    return f"of {who}, project {project or 'not named'}"


def check_bucket(path: str) -> str:
    """Whether the bucket of a gs:// path can be read. Raises CheckFailed."""
    from google.api_core.exceptions import Forbidden, NotFound
    from google.cloud import storage

    name = path.removeprefix("gs://").partition("/")[0]
    try:
        bucket = storage.Client().get_bucket(name, timeout=TIMEOUT_SECONDS, retry=None)
    except NotFound:
        raise CheckFailed(
            f"there is no gs://{name}",
            f"gcloud storage buckets create gs://{name}, or infra/gcp/; is GCP_BUCKET right?",
        ) from None
    except Forbidden:
        raise CheckFailed(
            f"no permission to look at gs://{name}",
            "give this identity roles/storage.objectAdmin on it (infra/gcp/identities.tf)",
        ) from None
    return f"gs://{bucket.name} can be read"


def check_container_images(uri: str) -> str:
    """Whether the registry has the images of this code. Raises CheckFailed."""
    from google.api_core.exceptions import NotFound, PermissionDenied
    from google.cloud import artifactregistry_v1

    host, project, repository = uri.split("/")[:3]
    location = host.removesuffix("-docker.pkg.dev")
    parent = f"projects/{project}/locations/{location}/repositories/{repository}"
    client = artifactregistry_v1.ArtifactRegistryClient()
    try:
        client.get_repository(name=parent, timeout=TIMEOUT_SECONDS, retry=None)
        for image in CONTENT:
            name = image_name(uri, image)
            tag = f"{parent}/packages/{image}/tags/{name.rpartition(':')[2]}"
            try:
                client.get_tag(name=tag, timeout=TIMEOUT_SECONDS, retry=None)
            except NotFound:
                raise CheckFailed(f"not built from this code yet: {name}", BUILD) from None
    except NotFound:
        raise CheckFailed(
            f"there is no {uri}",
            f"gcloud artifacts repositories create {repository} --repository-format docker "
            f"--location {location}, or infra/gcp/",
        ) from None
    except PermissionDenied:
        raise CheckFailed(
            f"no permission to look at {uri}", "give this identity roles/artifactregistry.reader"
        ) from None
    return f"{uri} has the images of this code"


def vertex_client_options(orchestrator: Any) -> dict[str, Any]:
    """What Vertex's client is told. Without credentials it asks another service for the project."""
    credentials, project = orchestrator._get_authentication()
    location = orchestrator.config.location
    return {"project": project, "location": location, "credentials": credentials}


def job_error(run: "PipelineRunResponse") -> str:
    """What Vertex says of a run's job that failed; '' if it cannot be asked."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud import aiplatform
    from zenml.client import Client
    from zenml.integrations.gcp.orchestrators import VertexOrchestrator

    orchestrator, job = Client().active_stack.orchestrator, run.run_metadata.get(RUN_ID)
    if not isinstance(orchestrator, VertexOrchestrator) or job is None:
        return ""
    dynamic = run.snapshot is not None and run.snapshot.is_dynamic
    kind = aiplatform.CustomJob if dynamic else aiplatform.PipelineJob
    try:
        error = kind.get(str(job), **vertex_client_options(orchestrator)).gca_resource.error
    except GoogleAPICallError:
        return ""
    return " ".join(error.message.split())


def preflight(flavors: Collection[str], bucket: str | None = None) -> None:
    """Ask in seconds what would otherwise fail after minutes. Raises CheckFailed."""
    if {"gcp", "vertex"} & set(flavors):
        check_credentials()
    if bucket:
        check_bucket(bucket)
