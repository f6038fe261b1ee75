"""Vertex AI Pipelines: kfp's orchestrator runs a compiled job, Google's launcher each of its tasks.

`kfp.local` runs containers with Docker only, so a handler runs the launcher of each task in this
process, one at a time; it starts the task's custom job through the API.
"""

import json
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

LABEL = "vertex-ai-pipelines-run-billing-id"


class Launcher:
    """Handler of kfp for a task, which runs Google's launcher of custom jobs."""

    def __init__(self, image: str, full_command: list[str], **_: Any) -> None:
        # kfp writes numbers of its protocol buffers with a decimal point, unlike Vertex AI.
        self.command = [re.sub(r"(?<=: )(\d+)\.0\b", r"\1", part) for part in full_command]

    def run(self) -> Any:
        from google_cloud_pipeline_components.container.v1.custom_job import launcher
        from kfp.local import status

        assert self.command[:4] == ["python3", "-u", "-m", launcher.__name__]
        try:
            launcher.main(self.command[4:])
        except (Exception, SystemExit) as error:
            print(error)
            return status.Status.FAILURE
        return status.Status.SUCCESS


def run_pipeline(job: dict[str, Any], folder: Path, environment: Mapping[str, str]) -> None:
    """Run the tasks of a job in a separate process; raises RuntimeError if one fails."""
    from google.cloud import aiplatform
    from google.protobuf.json_format import ParseDict
    from google_cloud_pipeline_components.container.v1.gcp_launcher import job_remote_runner
    from kfp import local
    from kfp.local import logging_utils, pipeline_orchestrator, subprocess_task_handler
    from kfp.pipeline_spec.pipeline_spec_pb2 import PipelineSpec

    class Client(aiplatform.gapic.JobServiceClient):
        def __init__(self, **_: Any) -> None:
            super().__init__(transport="rest", client_options={"api_endpoint": vertex})

    vertex = environment["VERTEX_DOUBLE"]
    _, project, _, location, _, id_ = job["name"].split("/")
    values = {"google_cloud_project_id": project, "google_cloud_location": location}
    text = json.dumps(job["pipelineSpec"])
    for name, value in {**values, "job_name": id_, "persistent_resource_id": ""}.items():
        text = text.replace(f"{{{{$.pipeline_{name}}}}}", value)
    labels = {"VERTEX_AI_PIPELINES_RUN_LABELS": json.dumps({LABEL: id_})}
    root = tempfile.mkdtemp(dir=folder)
    with (
        (folder / f"{id_}.log").open("w") as log,
        redirect_stdout(log),
        patch.dict(os.environ, {**environment, **labels}),
        patch.object(subprocess_task_handler, "SubprocessTaskHandler", Launcher),
        patch.object(aiplatform.gapic, "JobServiceClient", Client),
        patch.object(job_remote_runner, "_POLLING_INTERVAL_IN_SECONDS", 0.2),
        patch.object(logging_utils, "color_text", lambda text, _: text),
    ):
        local.init(local.SubprocessRunner(use_venv=False), pipeline_root=root)
        spec = ParseDict(json.loads(text), PipelineSpec())
        pipeline_orchestrator.run_local_pipeline(spec, {})
