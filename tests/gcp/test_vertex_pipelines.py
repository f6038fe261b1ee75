"""A compiled pipeline with kfp's orchestrator, Google's launcher, and the fake of Vertex AI."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.gcp.doubles.grants import DEVELOPER, Grant
from tests.gcp.doubles.identity import PROJECT, UNIVERSE, Identities, email
from tests.gcp.doubles.vertex import Vertex, vertex

IMAGE = "registry/pipelines:1"
PARENT = f"projects/{PROJECT}/locations/europe-west1"
AS_ITSELF = Grant("pipelines", "roles/iam.serviceAccountUser", "google_service_account.pipelines")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vertex]:
    folder = tmp_path_factory.mktemp("vertex")
    with vertex(folder, Identities(folder), IMAGE) as running:
        running.node = {
            "PATH": "/usr/bin:/bin",
            "VERTEX_DOUBLE": running.url,
            "GOOGLE_APPLICATION_CREDENTIALS": str(running.identities.create("pipelines")),
            "GOOGLE_CLOUD_UNIVERSE_DOMAIN": UNIVERSE,
        }
        yield running


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Three tasks in the form of ZenML's, each after the one before."""
    import yaml
    from google_cloud_pipeline_components.v1.custom_job.utils import (
        create_custom_training_job_from_component,
    )
    from kfp import compiler, dsl

    def task(name: str) -> Any:
        @dsl.container_component  # type: ignore[untyped-decorator]
        def component() -> dsl.ContainerSpec:
            command = 'echo "$0 $RUN" >> "$FOLDER"'
            return dsl.ContainerSpec(image=IMAGE, command=["sh", "-c", command, name], args=[])

        return create_custom_training_job_from_component(
            component_spec=component, display_name=name, machine_type="e2-standard-4",
            service_account=email("pipelines"), timeout="7200s",
            env=[{"name": "RUN", "value": "{{$.pipeline_job_name}}"}],
        )()  # fmt: skip

    @dsl.pipeline(name="three-tasks")  # type: ignore[untyped-decorator]
    def pipeline() -> None:
        first, second, third = task("first"), task("second"), task("third")
        second.after(first)
        third.after(second)

    file = tmp_path_factory.mktemp("spec") / "spec.yaml"
    compiler.Compiler().compile(pipeline, str(file))
    return yaml.safe_load(file.read_text())


def submit(server: Vertex, spec: Any, name: str) -> dict[str, Any]:
    body = {"displayName": name, "serviceAccount": email("pipelines"), "pipelineSpec": spec}
    reply = requests.post(
        f"{server.url}/v1/{PARENT}/pipelineJobs?pipelineJobId={name}",
        json=body,
        headers={"Authorization": f"Bearer {server.identities.token(DEVELOPER)}"},
        timeout=30,
    )
    reply.raise_for_status()
    return server.wait("pipelineJobs", f"/pipelineJobs/{name}")


def jobs_of(server: Vertex, run: str) -> list[dict[str, Any]]:
    jobs = [item for name, item in server.items.items() if "/customJobs/" in name]
    return [job for job in jobs if run in job["labels"].values()]


def test_tasks_run_in_their_order_as_custom_jobs(server: Vertex, spec: Any, tmp_path: Path) -> None:
    server.node["FOLDER"] = str(tmp_path / "order")
    assert submit(server, spec, "ordered")["state"] == "PIPELINE_STATE_SUCCEEDED"
    lines = (tmp_path / "order").read_text().split("\n")
    assert lines == ["first ordered", "second ordered", "third ordered", ""]
    jobs = jobs_of(server, "ordered")
    assert [job["displayName"] for job in jobs] == ["first", "second", "third"]
    assert {job["jobSpec"]["serviceAccount"] for job in jobs} == {email("pipelines")}


def test_a_task_that_fails_fails_the_pipeline(
    server: Vertex, spec: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "image", "another")
    job = submit(server, spec, "failing")
    assert job["state"] == "PIPELINE_STATE_FAILED"
    assert "Inner task failed: 'component'" in job["error"]["message"]
    (started,) = jobs_of(server, "failing")
    assert "there is no image" in started["error"]["message"]


def test_tasks_need_a_role_of_the_pipelines(
    server: Vertex, spec: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The launcher starts jobs as the pipelines' identity, which must be allowed to use itself."""
    granted = server.identities.granted
    assert AS_ITSELF in granted
    monkeypatch.setattr(server.identities, "granted", granted - {AS_ITSELF})
    assert submit(server, spec, "refused")["state"] == "PIPELINE_STATE_FAILED"
    assert jobs_of(server, "refused") == []
    assert "403" in (server.folder / "refused.log").read_text()


@pytest.mark.parametrize(("identity", "status"), [("serving", 403), ("nobody", 403), ("", 401)])
def test_others_may_not_start_or_read_jobs(server: Vertex, identity: str, status: int) -> None:
    token = server.identities.token(identity) if identity else "none"
    headers = {"Authorization": f"Bearer {token}"}
    requested = {"POST": "customJobs", "GET": "pipelineJobs", "DELETE": "schedules/1"}
    for method, path in requested.items():
        url = f"{server.url}/v1/{PARENT}/{path}"
        reply = requests.request(method, url, json={}, headers=headers, timeout=30)
        assert reply.status_code == status, (method, path)
