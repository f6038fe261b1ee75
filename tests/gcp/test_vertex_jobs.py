"""Time limits and machine types of Vertex AI's jobs, with the types of Google's client."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from zenml.config.resource_settings import ResourceSettings

from components.orchestrators.vertex_flavor import VertexJobsConfig
from faces.errors import UserError

CONFIG = VertexJobsConfig.model_validate(
    {
        "location": "europe-west1",
        "custom_job_parameters": {"machine_type": "e2-standard-4"},
        "step_timeout": "600s",
        "pipeline_timeout": "3600s",
        "step_machine_types": {"train_model": "e2-highmem-8"},
    }
)


class Jobs:
    """Google's client, as far as it converts requests."""

    def create_custom_job(self, parent: str, custom_job: dict[str, Any]) -> Any:
        from google.cloud import aiplatform_v1

        return aiplatform_v1.CreateCustomJobRequest(parent=parent, custom_job=custom_job)


@pytest.mark.parametrize(
    ("labels", "seconds"), [({}, 3600), ({"step-run-id": "1"}, 600)], ids=["pipeline", "step"]
)
def test_every_custom_job_has_a_time_limit(labels: dict[str, str], seconds: int) -> None:
    from zenml.integrations.gcp.utils import build_job_request

    from components.orchestrators.vertex import LimitedJobs

    parameters = CONFIG.custom_job_parameters
    assert parameters is not None
    request = build_job_request(
        "job", "image", ["python"], parameters, ResourceSettings(), labels=labels
    )
    created = LimitedJobs(Jobs(), CONFIG).create_custom_job("projects/p", request)
    spec = created.custom_job.job_spec
    assert spec.scheduling.timeout == timedelta(seconds=seconds)
    assert spec.worker_pool_specs[0].machine_spec.machine_type == "e2-standard-4"


@pytest.mark.parametrize(
    ("step", "resources", "machine"),
    [
        ("plot_results", {}, "e2-standard-4"),
        ("train_model", {}, "e2-highmem-8"),
        ("map:load_shard:0", {"cpu_count": 4, "memory": "8GB"}, "e2-standard-4"),
        ("plot_results", {"cpu_count": 5}, "e2-standard-8"),
        ("plot_results", {"memory": "100GB"}, "e2-standard-32"),
    ],
)
def test_a_step_has_the_machine_that_it_needs(
    step: str, resources: dict[str, Any], machine: str
) -> None:
    from zenml.config.step_configurations import Step
    from zenml.enums import StackComponentType

    from components.orchestrators.vertex import VertexJobsOrchestrator

    now = datetime.now(UTC)
    orchestrator = VertexJobsOrchestrator(
        "gcp-vertex",
        uuid4(),
        CONFIG,
        "vertex_jobs",
        StackComponentType.ORCHESTRATOR,
        None,
        now,
        now,
    )
    found = Step.model_construct(
        config=SimpleNamespace(
            name=step, settings={}, resource_settings=ResourceSettings(**resources)
        )
    )
    settings: Any = orchestrator.get_settings(found)
    parameters = settings.custom_job_parameters
    assert parameters.machine_type == machine
    assert parameters.additional_training_job_args == {"timeout": "600s"}


def test_resources_that_no_machine_has_are_an_error() -> None:
    from components.orchestrators.vertex import machine_type

    with pytest.raises(UserError, match=r"64 processors and 0 GB: the largest is e2-standard-32"):
        machine_type(ResourceSettings(cpu_count=64))
