"""Google Cloud: Vertex AI, Cloud Storage, Artifact Registry."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from zenml.models import PipelineRunResponse
from zenml.orchestrators import BaseOrchestrator

from components.checks import Check, Component, Packages
from components.clouds import gcp_checks
from components.clouds.base import Cloud
from components.clouds.gcp_errors import translate_gcp_error
from faces.errors import OperationError

if TYPE_CHECKING:
    from zenml.integrations.gcp.orchestrators import VertexOrchestrator

BUCKETS = "gs://"
RUN_ID = "orchestrator_run_id"
INSTALL = "make setup-gcp"
VERTEX = "vertex_jobs"
STORAGE_OR_JOBS = {"gcp", VERTEX}


class GoogleCloud:
    """See `components.clouds.base.Cloud`."""

    packages: Mapping[str, Packages] = {
        "gcp": Packages(("gcsfs", "google.cloud.storage"), INSTALL),
        VERTEX: Packages(("kfp", "google.cloud.aiplatform"), INSTALL),
    }
    orchestrators = frozenset({VERTEX})

    def checks_for(self, components: Sequence[Component]) -> Iterator[Check]:
        """See Cloud."""
        configurations = {(c.type, c.flavor): c.configuration for c in components}
        if STORAGE_OR_JOBS & {c.flavor for c in components}:
            yield Check("credentials", gcp_checks.check_credentials, before_runs=True)
        if store := configurations.get(("artifact_store", "gcp")):
            check = partial(gcp_checks.check_bucket, str(store["path"]))
            yield Check("bucket", check, needs="credentials", before_runs=True)
        if registry := configurations.get(("container_registry", "gcp")):
            check = partial(gcp_checks.check_container_images, str(registry["uri"]))
            yield Check("container images", check, needs="credentials")
        if ("orchestrator", VERTEX) in configurations:
            yield Check("ZenML server", gcp_checks.check_zenml_server)

    def translate_error(self, error: BaseException) -> OperationError | None:
        """See Cloud."""
        return translate_gcp_error(error)

    def job_error(self, orchestrator: BaseOrchestrator, run: PipelineRunResponse) -> str:
        """Ask Vertex AI, which runs dynamic pipelines as a custom job. See Cloud."""
        from google.api_core.exceptions import GoogleAPICallError
        from google.cloud import aiplatform

        job = run.run_metadata.get(RUN_ID)
        if job is None:
            return ""
        dynamic = run.snapshot is not None and run.snapshot.is_dynamic
        kind = aiplatform.CustomJob if dynamic else aiplatform.PipelineJob
        try:
            error = kind.get(str(job), **_client_options(orchestrator)).gca_resource.error
        except GoogleAPICallError:
            return ""
        return " ".join(error.message.split())

    def delete_schedules(self, orchestrator: BaseOrchestrator, name: str) -> int:
        """See Cloud."""
        from google.cloud import aiplatform

        listed = aiplatform.PipelineJobSchedule.list(**_client_options(orchestrator))
        schedules = [schedule for schedule in listed if schedule.display_name == name]
        for schedule in schedules:
            schedule.delete()
        return len(schedules)

    def delete_noncurrent(self, uri: str) -> int:
        """See Cloud."""
        if not uri.startswith(BUCKETS):
            return 0
        from google.cloud import storage

        bucket = storage.Client().bucket(uri.removeprefix(BUCKETS).split("/")[0])
        # In this order: what is written in between is in the second list only.
        versions = {(blob.name, blob.generation) for blob in bucket.list_blobs(versions=True)}
        noncurrent = versions - {(blob.name, blob.generation) for blob in bucket.list_blobs()}
        for name, generation in noncurrent:
            bucket.delete_blob(name, generation=generation)
        return len(noncurrent)


def _client_options(orchestrator: BaseOrchestrator) -> dict[str, Any]:
    """Return arguments of Vertex AI's clients; without credentials, they call another API first."""
    vertex: VertexOrchestrator = orchestrator  # type: ignore[assignment]
    credentials, project = vertex._get_authentication()
    return {"project": project, "location": vertex.config.location, "credentials": credentials}


CLOUD: Cloud = GoogleCloud()
