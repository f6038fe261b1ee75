"""The flavor `vertex_jobs` of ZenML's orchestrators."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from pydantic import Field
from zenml.integrations.gcp.flavors.vertex_orchestrator_flavor import (
    VertexOrchestratorConfig,
    VertexOrchestratorFlavor,
)
from zenml.orchestrators import BaseOrchestrator
from zenml.utils import source_utils

if TYPE_CHECKING:
    from components.orchestrators.vertex import VertexJobsOrchestrator


SECONDS = r"^[1-9]\d*s$"
"""How Google's APIs write a number of seconds."""


class VertexJobsConfig(VertexOrchestratorConfig):
    """The configuration of ZenML's Vertex AI orchestrator, and limits of its jobs."""

    step_timeout: str = Field(
        default="7200s", pattern=SECONDS, description="after which Vertex AI ends a step's job"
    )
    pipeline_timeout: str = Field(
        default="86400s", pattern=SECONDS, description="the same for a dynamic pipeline's job"
    )
    step_machine_types: dict[str, str] = Field(
        default={}, description="machine types of steps, by name, in place of machine_type"
    )


class VertexJobsFlavor(VertexOrchestratorFlavor):
    """Vertex AI, with time limits for all jobs and machine types for steps."""

    @property
    def name(self) -> str:
        """The flavor's name in a stack's YAML."""
        return "vertex_jobs"

    @property
    def config_class(self) -> type[VertexJobsConfig]:
        """Class of the configuration."""
        return VertexJobsConfig

    @property
    def implementation_class(self) -> type[BaseOrchestrator]:  # type: ignore[override]
        """The class of its orchestrator, imported on first use.

        ZenML imports it to register the flavor, also where the packages of Google Cloud are not
        installed; a run would report them before it needs the orchestrator.
        """
        if find_spec("kfp") is None:
            return BaseOrchestrator
        orchestrator: type[VertexJobsOrchestrator] = source_utils.load(
            "components.orchestrators.vertex.VertexJobsOrchestrator"
        )
        return orchestrator
