"""Vertex AI's pipeline and training services: jobs run as processes on this machine.

It accepts the requests of the real clients if they have the form of Google's and kfp's types, runs
each container's command with only the environment of a node, in a file system whose /app is empty,
and reports the job's state. It proves the compiled job, the order of its tasks, their environment,
the code that is fetched and what steps can reach. It does not prove identities and their
permissions, the content of a container image, machine types, quotas or queues. Schedules are
stored, and run when a test fires them.
"""

import json
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError

from tests.gcp.doubles.handler import JsonHandler
from tests.gcp.doubles.process import LOOPBACK, end

APP = Path("/app")
"""Where ZenML's entry point puts the code, in every container."""

PARENT = r"/v1/projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)"
COLLECTION = re.compile(PARENT + r"/(?P<kind>pipelineJobs|customJobs|schedules)")
ITEM = re.compile(COLLECTION.pattern + r"/(?P<id>[^/:]+)")
MACHINES = {"e2-standard-4"}
MACHINES_AT_ONCE = 2
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


class Vertex(ThreadingHTTPServer):
    """`node` is the environment of every container, in addition to the job's variables."""

    daemon_threads = True

    def __init__(self, folder: Path, node: Mapping[str, str], image: str, account: str) -> None:
        super().__init__((LOOPBACK, 0), Handler)
        self.folder, self.node, self.image, self.account = folder, dict(node), image, account
        self.items: dict[str, dict[str, Any]] = {}
        self.running: set[subprocess.Popen[bytes]] = set()
        self.refuse: tuple[int, str, str] | None = None
        """Code, status and message of the error response to the next submission."""

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}"

    def submit(self, kind: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Store an item, and start a job in the background."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        item = {**body, "name": name, "createTime": now, "updateTime": now}
        self.items[name] = item
        if kind == "schedules":
            item["state"] = "ACTIVE"
            return item
        prefix = {"pipelineJobs": "PIPELINE_STATE", "customJobs": "JOB_STATE"}[kind]
        item["state"] = f"{prefix}_RUNNING"
        run = self._run_pipeline if kind == "pipelineJobs" else self._run_job

        def work() -> None:
            try:
                run(item)
                item["state"] = f"{prefix}_SUCCEEDED"
            except Exception as error:
                item["error"] = {"code": 9, "message": str(error)}
                item["state"] = f"{prefix}_FAILED"

        threading.Thread(target=work, daemon=True).start()
        return item

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

    def _run_pipeline(self, job: dict[str, Any]) -> None:
        assert job["serviceAccount"] == self.account
        spec = job["pipelineSpec"]
        tasks = spec["root"]["dag"]["tasks"]
        sorter = TopologicalSorter({n: task.get("dependentTasks", []) for n, task in tasks.items()})
        sorter.prepare()
        with ThreadPoolExecutor(MACHINES_AT_ONCE) as machines:
            working: dict[Future[None], str] = {}
            while sorter.is_active():
                for name in sorter.get_ready():
                    component = spec["components"][tasks[name]["componentRef"]["name"]]
                    working[machines.submit(self._run_task, job, name, component)] = name
                for done in wait(working, return_when=FIRST_COMPLETED).done:
                    done.result()
                    sorter.done(working.pop(done))

    def _run_task(self, job: dict[str, Any], name: str, component: dict[str, Any]) -> None:
        """Run a task in the form of create_custom_training_job_from_component."""
        parameters = component["inputDefinitions"]["parameters"]
        (pool,) = parameters["worker_pool_specs"]["defaultValue"]
        assert parameters["timeout"]["defaultValue"] == STEP_TIMEOUT
        assert pool["machine_spec"]["machine_type"] in MACHINES
        container, id_ = pool["container_spec"], job["name"].rsplit("/", 1)[-1]
        variables = {
            entry["name"]: entry["value"].replace("{{$.pipeline_job_name}}", id_)
            for entry in container["env"]
        }
        command = [*container["command"], *container["args"]]
        self._run_container(f"{id_}-{name}", container["image_uri"], command, variables)

    def _run_job(self, job: dict[str, Any]) -> None:
        spec = job["jobSpec"]
        assert spec["serviceAccount"] == self.account
        is_step = "step-run-id" in job["labels"]
        assert spec["scheduling"]["timeout"] == (STEP_TIMEOUT if is_step else PIPELINE_TIMEOUT)
        (pool,) = spec["workerPoolSpecs"]
        assert pool["machineSpec"]["machineType"] in MACHINES
        container = pool["containerSpec"]
        variables = {entry["name"]: entry["value"] for entry in container["env"]}
        id_ = job["name"].rsplit("/", 1)[-1]
        command = [*container["command"], *container.get("args", [])]
        self._run_container(
            id_, container["imageUri"], command, {**variables, "CLOUD_ML_JOB_ID": id_}
        )

    def _run_container(
        self, name: str, image: str, command: list[str], variables: Mapping[str, str]
    ) -> None:
        assert image == self.image, f"there is no image {image}"
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
        self.running.add(process)
        code = process.wait()
        self.running.discard(process)
        shutil.rmtree(node, ignore_errors=True)
        if code:
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            raise RuntimeError(f"{name} exited with a non-zero status of {code}: {last}")


class Handler(JsonHandler):
    server: Vertex

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path, _, query = self.path.partition("?")
        match = COLLECTION.fullmatch(path)
        if not self.headers.get("Authorization", "").startswith("Bearer "):
            return self._fail(401, "UNAUTHENTICATED", "no token")
        if self.server.refuse:
            error, self.server.refuse = self.server.refuse, None
            return self._fail(*error)
        if match is None:
            return self._fail(404, "NOT_FOUND", path)
        try:
            validate(match["kind"], body)
        except ParseError as error:
            return self._fail(400, "INVALID_ARGUMENT", str(error))
        requested = re.search(r"pipelineJobId=([^&]+)", query)
        id_ = requested[1] if requested else str(time.time_ns())
        self.respond(self.server.submit(match["kind"], f"{path.removeprefix('/v1/')}/{id_}", body))

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if ITEM.fullmatch(path) and (item := self.server.items.get(path.removeprefix("/v1/"))):
            return self.respond(item)
        if match := COLLECTION.fullmatch(path):
            prefix = path.removeprefix("/v1/") + "/"
            items = [item for name, item in self.server.items.items() if name.startswith(prefix)]
            return self.respond({match["kind"]: items})
        self._fail(404, "NOT_FOUND", path)

    def do_DELETE(self) -> None:
        name = self.path.partition("?")[0].removeprefix("/v1/")
        if self.server.items.pop(name, None) is None:
            return self._fail(404, "NOT_FOUND", name)
        empty = {"@type": "type.googleapis.com/google.protobuf.Empty"}
        self.respond({"name": f"{name}/operations/1", "done": True, "response": empty})

    def _fail(self, code: int, status: str, message: str) -> None:
        self.respond({"error": {"code": code, "status": status, "message": message}}, code)


@contextmanager
def vertex(folder: Path, node: Mapping[str, str], image: str, account: str) -> Iterator[Vertex]:
    """Serve during the block, then end what still runs. `APP` stays: others may use it."""
    APP.mkdir(exist_ok=True)
    server = Vertex(folder, node, image, account)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        for process in list(server.running):
            end(process)
