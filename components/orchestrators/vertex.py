"""Vertex AI with time limits for all jobs and machine types for steps, which ZenML's lacks.

ZenML creates the job of a dynamic pipeline, and those of its isolated steps, without a time limit,
and ignores the resources that steps ask for.
"""

from datetime import timedelta
from typing import Any, cast

from google.cloud import aiplatform
from zenml.config.base_settings import BaseSettings
from zenml.config.resource_settings import ByteUnit, ResourceSettings
from zenml.integrations.gcp.flavors.vertex_orchestrator_flavor import VertexOrchestratorSettings
from zenml.integrations.gcp.orchestrators import VertexOrchestrator
from zenml.integrations.gcp.vertex_custom_job_parameters import VertexCustomJobParameters

from components.orchestrators.vertex_flavor import VertexJobsConfig
from faces.errors import UserError

MACHINES = {
    "e2-standard-4": (4, 16), "e2-standard-8": (8, 32), "e2-standard-16": (16, 64),
    "e2-standard-32": (32, 128),
}  # fmt: skip
"""Processors and gigabytes of memory of machine types, the smallest first."""

STEP_LABEL = "step-run-id"
"""A label that only the jobs of isolated steps have."""


class VertexJobsOrchestrator(VertexOrchestrator):
    """See this module."""

    @property
    def config(self) -> VertexJobsConfig:
        """The configuration."""
        return cast(VertexJobsConfig, self._config)

    def get_settings(self, container: Any) -> BaseSettings:
        """Return ZenML's settings, with the machine type and the time limit of the step.

        Args:
            container: A step or a pipeline.

        Returns:
            The settings of its job.
        """
        settings = cast(VertexOrchestratorSettings, super().get_settings(container))
        parameters = settings.custom_job_parameters or VertexCustomJobParameters()
        config = getattr(container, "config", None)
        machine = machine_type(config.resource_settings) if config else None
        changes = {
            "machine_type": self.config.step_machine_types.get(getattr(config, "name", ""), machine)
            or parameters.machine_type,
            "additional_training_job_args": {
                "timeout": self.config.step_timeout,
                **parameters.additional_training_job_args,
            },
        }
        limited = parameters.model_copy(update=changes)
        return settings.model_copy(update={"custom_job_parameters": limited})

    def get_job_service_client(self) -> aiplatform.gapic.JobServiceClient:
        """Return a client that sets the time limit of each custom job that it creates."""
        limited: Any = LimitedJobs(super().get_job_service_client(), self.config)
        return limited


class LimitedJobs:
    """Vertex AI's client for jobs, which adds a time limit to custom jobs."""

    def __init__(self, client: Any, config: VertexJobsConfig) -> None:
        """Wrap a client.

        Args:
            client: Google's client.
            config: The time limits.
        """
        self._client, self._config = client, config

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def create_custom_job(self, parent: str, custom_job: dict[str, Any]) -> Any:
        """Create a custom job of a dynamic pipeline, or of one of its isolated steps.

        Args:
            parent: Project and location.
            custom_job: ZenML's request.

        Returns:
            The job.
        """
        config = self._config
        is_step = STEP_LABEL in custom_job["labels"]
        limit = config.step_timeout if is_step else config.pipeline_timeout
        scheduling = {"timeout": timedelta(seconds=int(limit.removesuffix("s")))}
        spec = custom_job["job_spec"] | {"scheduling": scheduling}
        return self._client.create_custom_job(
            parent=parent, custom_job=custom_job | {"job_spec": spec}
        )


def machine_type(resources: ResourceSettings) -> str | None:
    """Choose the smallest machine with the resources that a step asks for.

    Args:
        resources: The step's resources.

    Returns:
        A machine type, or None if the step asks for nothing.

    Raises:
        UserError: If no machine is large enough.
    """
    cpus, memory = resources.cpu_count or 0, resources.get_memory(ByteUnit.GB) or 0
    if not (cpus or memory):
        return None
    for name, (has_cpus, has_memory) in MACHINES.items():
        if has_cpus >= cpus and has_memory >= memory:
            return name
    raise UserError(
        f"no machine type has {cpus:g} processors and {memory:g} GB: the largest is {name} "
        f"({has_cpus} processors, {has_memory} GB); name another one in step_machine_types"
    )
