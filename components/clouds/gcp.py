"""What Google Cloud answers when it is asked for what a stack stands on."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.checks import PATIENCE, IllError
from components.deployers.container_images import CONTENT, image_name

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

RUN_ID = "orchestrator_run_id"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
LOGIN = "gcloud auth application-default login"
MACHINE = Path("/sys/class/dmi/id/product_name")
"""Says 'Google Compute Engine' on a machine of Google's."""

BUILD = "gcloud builds submit --config infra/gcp/cloudbuild.yaml (docs/gcp.md)"


def look_at_credentials() -> str:
    """Whose they are. Raises IllError without any, or if they are not accepted."""
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
    from google.auth.transport.requests import Request

    if not (MACHINE.exists() and "Google" in MACHINE.read_text()):
        # Elsewhere, asking for Google's metadata server takes a quarter of a minute.
        os.environ.setdefault("NO_GCE_CHECK", "true")
    try:
        credentials, project = google.auth.default(scopes=[SCOPE])
    except DefaultCredentialsError as error:
        raise IllError("no Google credentials were found", LOGIN) from error
    try:
        if not credentials.valid and not os.environ.get("STORAGE_EMULATOR_HOST"):
            credentials.refresh(Request())
    except GoogleAuthError as error:
        said = str(error).splitlines()[0][:120]
        raise IllError(f"Google's credentials are not accepted: {said}", LOGIN) from error
    who = getattr(credentials, "service_account_email", "") or "a person"
    return f"of {who}, project {project or 'not named'}"


def look_at_bucket(path: str) -> str:
    """Whether the bucket of a gs:// path can be read. Raises IllError."""
    from google.api_core.exceptions import Forbidden, NotFound
    from google.cloud import storage

    name = path.removeprefix("gs://").partition("/")[0]
    try:
        bucket = storage.Client().get_bucket(name, timeout=PATIENCE, retry=None)
    except NotFound:
        raise IllError(
            f"there is no gs://{name}",
            f"gcloud storage buckets create gs://{name}, or infra/gcp/; is GCP_BUCKET right?",
        ) from None
    except Forbidden:
        raise IllError(
            f"no permission to look at gs://{name}",
            "give this identity roles/storage.objectAdmin on it (infra/gcp/identities.tf)",
        ) from None
    return f"gs://{bucket.name} can be read"


def look_at_images(uri: str) -> str:
    """Whether the registry has the images of this code. Raises IllError."""
    from google.api_core.exceptions import NotFound, PermissionDenied
    from google.cloud import artifactregistry_v1

    host, project, repository = uri.split("/")[:3]
    location = host.removesuffix("-docker.pkg.dev")
    parent = f"projects/{project}/locations/{location}/repositories/{repository}"
    client = artifactregistry_v1.ArtifactRegistryClient()
    try:
        client.get_repository(name=parent, timeout=PATIENCE, retry=None)
        for image in CONTENT:
            name = image_name(uri, image)
            tag = f"{parent}/packages/{image}/tags/{name.rpartition(':')[2]}"
            try:
                client.get_tag(name=tag, timeout=PATIENCE, retry=None)
            except NotFound:
                raise IllError(f"not built from this code yet: {name}", BUILD) from None
    except NotFound:
        raise IllError(
            f"there is no {uri}",
            f"gcloud artifacts repositories create {repository} --repository-format docker "
            f"--location {location}, or infra/gcp/",
        ) from None
    except PermissionDenied:
        raise IllError(
            f"no permission to look at {uri}", "give this identity roles/artifactregistry.reader"
        ) from None
    return f"{uri} has the images of this code"


def vertex_place(orchestrator: Any) -> dict[str, Any]:
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
        error = kind.get(str(job), **vertex_place(orchestrator)).gca_resource.error
    except GoogleAPICallError:
        return ""
    return " ".join(error.message.split())


def preflight(flavors: Collection[str], bucket: str | None = None) -> None:
    """Ask in seconds what would otherwise fail after minutes. Raises IllError."""
    if {"gcp", "vertex"} & set(flavors):
        look_at_credentials()
    if bucket:
        look_at_bucket(bucket)
