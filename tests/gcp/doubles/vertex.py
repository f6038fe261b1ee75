"""Vertex AI's pipeline and training services: jobs run as processes on this machine.

Requests need the form of Google's and kfp's types, and a caller whose roles in infra/gcp allow
them. A job runs its container's command with only the environment of a node, in a file system
whose /app is empty. It proves the compiled job, the order of its tasks, their environment, the code
that is fetched, what steps can reach, and permissions. It does not prove the content of a container
image, machine types, quotas or queues. Schedules are stored, and run when a test fires them.
"""

import json
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError

from tests.gcp.doubles.handler import JsonHandler, Refused, Server
from tests.gcp.doubles.identity import Identities
from tests.gcp.doubles.pipelines import LABEL, run_pipeline
from tests.gcp.doubles.process import end

APP = Path("/app")
"""Where ZenML's entry point puts the code, in every container."""

ITEM = re.compile(
    r"/v1/(?P<name>projects/[^/]+/locations/[^/]+/(?P<kind>pipelineJobs|customJobs|schedules)"
    r"(/(?P<id>[^/:?]+))?)(\?.*)?"
)
STATES = {"pipelineJobs": "PIPELINE_STATE", "customJobs": "JOB_STATE"}
VERBS = {"GET": "get", "POST": "create", "DELETE": "delete"}
MACHINES = {"e2-standard-4"}
PIPELINES_AT_ONCE = 2
STEP_TIMEOUT, PIPELINE_TIMEOUT = "7200s", "86400s"


def validate(kind: str, body: dict[str, Any]) -> None:
    """Raise ParseError if a request has a field that the API's types do not have."""
    from google.cloud import aiplatform_v1
    from kfp.pipeline_spec.pipeline_spec_pb2 import PipelineSpec

    types = {
        "pipelineJobs": aiplatform_v1.PipelineJob,
        "customJobs": aiplatform_v1.CustomJob,
        "schedules": aiplatform_v1.Schedule,
    }
    ParseDict(body, types[kind].pb()())
    job = body.get("createPipelineJobRequest", {}).get("pipelineJob", body)
    if "pipelineSpec" in job:
        ParseDict(job["pipelineSpec"], PipelineSpec())


class Vertex(Server):
    """`node` is the environment of every container, in addition to the job's variables."""

    def __init__(self, folder: Path, identities: Identities, image: str) -> None:
        super().__init__(Handler)
        self.folder, self.identities, self.image = folder, identities, image
        self.node: dict[str, str] = {}
        self.items: dict[str, dict[str, Any]] = {}
        self.running_jobs: set[subprocess.Popen[bytes]] = set()
        self.pipelines = get_context("spawn").Pool(PIPELINES_AT_ONCE)
        self.refuse: Refused | None = None
        """The error response to the next submission."""

    def submit(self, kind: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Store an item, and start a job in the background."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        item = {**body, "name": name, "createTime": now, "updateTime": now, "state": "ACTIVE"}
        self.items[name] = item
        if kind in STATES:
            item["state"] = f"{STATES[kind]}_RUNNING"
            threading.Thread(target=self._work, args=(kind, item), daemon=True).start()
        return item

    def _work(self, kind: str, item: dict[str, Any]) -> None:
        try:
            if kind == "customJobs":
                self._run_job(item)
            else:
                self.pipelines.apply(run_pipeline, (item, self.folder, self.node))
            item["state"] = f"{STATES[kind]}_SUCCEEDED"
        except Exception as error:
            item["error"] = {"code": 9, "message": str(error)}
            item["state"] = f"{STATES[kind]}_FAILED"

    def fire(self, schedule: str) -> dict[str, Any]:
        """Run a schedule's job now."""
        request = self.items[schedule]["createPipelineJobRequest"]
        name = f"{request['parent']}/pipelineJobs/scheduled-{time.time_ns()}"
        return self.submit("pipelineJobs", name, dict(request["pipelineJob"]))

    def wait(self, kind: str, named: str) -> dict[str, Any]:
        """Wait for the job with `named` in its name or display name to end, and return it."""
        (job,) = [
            item
            for name, item in self.items.items()
            if f"/{kind}/" in name and named in f"{name} {item.get('displayName')}"
        ]
        while job["state"].endswith("_RUNNING"):
            time.sleep(0.1)
        return job

    def schedules(self) -> list[dict[str, Any]]:
        return [item for name, item in self.items.items() if "/schedules/" in name]

    def _run_job(self, job: dict[str, Any]) -> None:
        spec, id_ = job["jobSpec"], job["name"].rsplit("/", 1)[-1]
        is_step = not {"step-run-id", LABEL}.isdisjoint(job["labels"])
        assert spec["scheduling"]["timeout"] == (STEP_TIMEOUT if is_step else PIPELINE_TIMEOUT)
        (pool,) = spec["workerPoolSpecs"]
        assert pool["machineSpec"]["machineType"] in MACHINES
        container = pool["containerSpec"]
        variables = {entry["name"]: entry["value"] for entry in container["env"]}
        assert container["imageUri"] == self.image, f"there is no image {container['imageUri']}"
        command = [*container["command"], *container.get("args", [])]
        self._run_container(id_, command, {**variables, "CLOUD_ML_JOB_ID": id_})

    def _run_container(self, name: str, command: list[str], variables: Mapping[str, str]) -> None:
        log = self.folder / f"{name}.log"
        node = Path(tempfile.mkdtemp(prefix="node-", dir=self.folder))
        (node / "home").mkdir()
        (node / "app").mkdir()
        own = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /app && exec "$@"']
        with log.open("wb") as file:
            process = subprocess.Popen(
                [*own, str(node / "app"), *command],
                env={**self.node, "HOME": str(node / "home"), **variables},
                cwd=node,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running_jobs.add(process)
        code = process.wait()
        self.running_jobs.discard(process)
        shutil.rmtree(node, ignore_errors=True)
        if code:
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            raise RuntimeError(f"{name} exited with a non-zero status of {code}: {last}")


class Handler(JsonHandler):
    server: Vertex

    def receive(self, method: str, body: bytes) -> None:
        try:
            self.respond(self._answer(VERBS[method], json.loads(body or "{}")))
        except (ParseError, Refused) as error:
            code, message = error.args if isinstance(error, Refused) else (400, str(error))
            self.respond({"error": {"code": code, "message": message}}, code)

    def _answer(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        identities, items = self.server.identities, self.server.items
        match = ITEM.fullmatch(self.path)
        caller = identities.caller(self.headers.get("Authorization"))
        if match is None:
            raise Refused(404, self.path)
        kind, name = match["kind"], match["name"]
        verb = "list" if verb == "get" and not match["id"] else verb
        identities.require(caller, f"aiplatform.{kind}.{verb}")
        if verb == "create":
            return self._create(caller, kind, name, body)
        if verb == "list":
            return {kind: [item for key, item in items.items() if key.startswith(f"{name}/")]}
        if name not in items:
            raise Refused(404, name)
        if verb == "get":
            return items[name]
        del items[name]
        empty = {"@type": "type.googleapis.com/google.protobuf.Empty"}
        return {"name": f"{name}/operations/1", "done": True, "response": empty}

    def _create(self, caller: str, kind: str, parent: str, body: dict[str, Any]) -> dict[str, Any]:
        if self.server.refuse:
            error, self.server.refuse = self.server.refuse, None
            raise error
        validate(kind, body)
        job = body.get("createPipelineJobRequest", {}).get("pipelineJob", body)
        self.server.identities.require_act_as(caller, job.get("jobSpec", job)["serviceAccount"])
        requested = re.search(r"pipelineJobId=([^&]+)", self.path)
        id_ = requested[1] if requested else str(time.time_ns())
        return self.server.submit(kind, f"{parent}/{id_}", body)


@contextmanager
def vertex(folder: Path, identities: Identities, image: str) -> Iterator[Vertex]:
    """Serve during the block, then end what still runs. `APP` stays: others may use it."""
    APP.mkdir(exist_ok=True)
    server = Vertex(folder, identities, image)
    try:
        with server.running(), server.pipelines:
            yield server
    finally:
        for process in list(server.running_jobs):
            end(process)
