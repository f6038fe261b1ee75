"""Preflight checks of Google Cloud: credentials, bucket, container images, ZenML server."""

import os
from pathlib import Path

from zenml.config.global_config import GlobalConfiguration

from components.checks import TIMEOUT_SECONDS, CheckFailed
from components.clouds.gcp_errors import LOGIN
from components.deployers.container_images import IMAGES, image_name

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
MACHINE = Path("/sys/class/dmi/id/product_name")
"""Contains 'Google Compute Engine' on a virtual machine of Google Cloud."""

BUILD = "gcloud builds submit --config infra/gcp/cloudbuild.yaml (docs/gcp.md)"


def check_credentials() -> str:
    """Check that Google accepts the application default credentials.

    See https://google.aip.dev/auth/4110 for where google-auth looks for them.

    Returns:
        A line with the account and the project.

    Raises:
        CheckFailed: If there are none, or Google does not renew them.
    """
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
    from google.auth.transport.requests import Request

    if not (MACHINE.exists() and "Google" in MACHINE.read_text()):
        # Elsewhere, looking for Google's metadata server takes 15 seconds.
        os.environ.setdefault("NO_GCE_CHECK", "true")
    try:
        credentials, project = google.auth.default(scopes=[SCOPE])
    except DefaultCredentialsError as error:
        raise CheckFailed("no Google credentials were found", LOGIN) from error
    try:
        if not credentials.valid and not os.environ.get("STORAGE_EMULATOR_HOST"):
            credentials.refresh(Request())
    except GoogleAuthError as error:
        details = str(error).splitlines()[0][:120]
        raise CheckFailed(f"Google's credentials are not accepted: {details}", LOGIN) from error
    account = getattr(credentials, "service_account_email", "") or "a user account"
    return f"of {account}, project {project or 'unknown'}"


def check_bucket(path: str) -> str:
    """Check that a bucket of Cloud Storage exists and can be read.

    Args:
        path: A gs:// URI in the bucket.

    Returns:
        A line with the bucket's name.

    Raises:
        CheckFailed: If there is no such bucket, or no permission to read it.
    """
    from google.api_core.exceptions import Forbidden, NotFound
    from google.cloud import storage

    name = path.removeprefix("gs://").partition("/")[0]
    try:
        # Reading the bucket itself would need more than the roles for its objects have.
        objects = storage.Client().list_blobs(
            name, max_results=1, timeout=TIMEOUT_SECONDS, retry=None
        )
        list(objects)
    except NotFound:
        raise CheckFailed(
            f"gs://{name} does not exist",
            f"gcloud storage buckets create gs://{name}, or infra/gcp/; is GCP_BUCKET right?",
        ) from None
    except Forbidden:
        raise CheckFailed(
            f"no permission to read gs://{name}",
            "grant this identity roles/storage.objectAdmin on it (infra/gcp/identities.tf)",
        ) from None
    return f"gs://{name} can be read"


def check_container_images(uri: str) -> str:
    """Check that the registry has the container images of this code.

    Args:
        uri: A repository of Artifact Registry, such as
            "europe-west1-docker.pkg.dev/project/repository".

    Returns:
        A line with the repository.

    Raises:
        CheckFailed: If an image is missing, there is no such repository, or no permission to read
            it.
    """
    from google.api_core.exceptions import NotFound, PermissionDenied
    from google.cloud import artifactregistry_v1

    host, project, repository = uri.split("/")[:3]
    location = host.removesuffix("-docker.pkg.dev")
    parent = f"projects/{project}/locations/{location}/repositories/{repository}"
    client = artifactregistry_v1.ArtifactRegistryClient()
    try:
        client.get_repository(name=parent, timeout=TIMEOUT_SECONDS, retry=None)
        for image in IMAGES:
            name = image_name(uri, image)
            tag = f"{parent}/packages/{image}/tags/{name.rpartition(':')[2]}"
            try:
                client.get_tag(name=tag, timeout=TIMEOUT_SECONDS, retry=None)
            except NotFound:
                raise CheckFailed(f"not built for this code: {name}", BUILD) from None
    except NotFound:
        raise CheckFailed(
            f"{uri} does not exist",
            f"gcloud artifacts repositories create {repository} --repository-format docker "
            f"--location {location}, or infra/gcp/",
        ) from None
    except PermissionDenied:
        raise CheckFailed(
            f"no permission to read {uri}", "grant this identity roles/artifactregistry.reader"
        ) from None
    return f"{uri} has the container images of this code"


def check_zenml_server() -> str:
    """Check that this client uses a ZenML server, which steps on Vertex AI can reach.

    Returns:
        A line that confirms it.

    Raises:
        CheckFailed: If the client has a local database.
    """
    if GlobalConfiguration().uses_local_store:
        raise CheckFailed(
            "this client has a local database, which steps on Vertex AI cannot reach",
            "zenml login https://… (the URL of a ZenML server)",
        )
    return "this client uses a server"
