"""The Kubernetes API with Seldon's SeldonDeployment, its operator and its ingress.

A SeldonDeployment is checked against the fields of the real one (pods against those of the
kubernetes client's own models) and rolled out as Kubernetes would: the pods of the new revision
come first, get requests once they are ready, and the former ones end after that. A pod is a process
of this project's serving code, with what the manifest gives it. It proves that, the requests of the
deployer and what clients see meanwhile. It does not prove the cluster's network, its admission, the
operator's own code, or what the image holds.
"""

import base64
import json
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from kubernetes.client import models

from deployers.seldon_local.environment import ROOT, ensure_environment
from tests.gcp.doubles.handler import Answering
from tests.gcp.doubles.process import LOOPBACK, end, free_port

DEPLOYMENTS = re.compile(
    r"/apis/machinelearning\.seldon\.io/v1/namespaces/(?P<ns>[^/]+)/seldondeployments(/(?P<name>[^/]+))?"
)
SECRETS = re.compile(r"/api/v1/namespaces/(?P<ns>[^/]+)/secrets(/(?P<name>[^/]+))?")
PODS = re.compile(r"/api/v1/namespaces/(?P<ns>[^/]+)/pods")
LOG = re.compile(PODS.pattern + r"/(?P<name>[^/]+)/log")
INGRESS = re.compile(r"/seldon/(?P<ns>[^/]+)/(?P<name>[^/]+)(?P<rest>/.*)")

SPEC = {
    "name", "annotations", "oauth_key", "oauth_secret", "predictors", "protocol", "replicas",
    "serverType", "transport",
}  # fmt: skip
PREDICTOR = {
    "annotations", "componentSpecs", "engineResources", "explainer", "graph", "labels", "name",
    "progressDeadlineSeconds", "replicas", "shadow", "ssl", "svcOrchSpec", "traffic",
}  # fmt: skip
GRAPH = {
    "children", "endpoint", "envSecretRefName", "implementation", "logger", "methods", "modelUri",
    "name", "parameters", "serviceAccountName", "storageInitializerImage", "type",
}  # fmt: skip
COMPONENT = {"hpaSpec", "kedaSpec", "metadata", "pdbSpec", "replicas", "spec"}
VERSION = dict.fromkeys(
    ("buildDate", "compiler", "gitCommit", "gitTreeState", "goVersion", "major", "minor"), ""
)


class Wrong(Exception):
    """The API server would refuse it."""


class Kubernetes(ThreadingHTTPServer):
    """One namespace of a cluster that takes one bearer token."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path, namespace: str, token: str, node: Mapping[str, str]) -> None:
        super().__init__((LOOPBACK, 0), Handler)
        self.folder, self.namespace, self.token, self.node = folder, namespace, token, dict(node)
        self.deployments: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, dict[str, Any]] = {}
        self.pods: list[Pod] = []
        self.images: set[str] = set()
        """What the registry holds; any other cannot be pulled."""
        self.asleep = False
        self.lock = threading.RLock()
        self.turn = count(1)
        self.python = ensure_environment()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}"

    def put(self, body: dict[str, Any], former: dict[str, Any] | None) -> dict[str, Any]:
        """Keep a SeldonDeployment and begin to roll it out."""
        check_deployment(body, self.namespace)
        with self.lock:
            version = str(next(self.turn))
            kept = {**body, "status": {"state": "Creating"}}
            kept["metadata"] = {**body["metadata"], "resourceVersion": version}
            self.deployments[body["metadata"]["name"]] = kept
        threading.Thread(target=self._roll_out, args=(kept,), daemon=True).start()
        return kept

    def delete(self, name: str) -> None:
        with self.lock:
            del self.deployments[name]
            gone, self.pods = self.pods, []
        for pod in gone:
            threading.Thread(target=pod.end, daemon=True).start()

    def next_pod(self) -> "Pod | None":
        """A pod that is ready, in turn."""
        with self.lock:
            ready = [pod for pod in self.pods if pod.ready and not pod.ending]
        return ready[next(self.turn) % len(ready)] if ready else None

    def _roll_out(self, wanted: dict[str, Any]) -> None:
        name, predictor = wanted["metadata"]["name"], wanted["spec"]["predictors"][0]
        component, replicas = predictor["componentSpecs"][0], predictor.get("replicas", 1)
        template = json.dumps(component, sort_keys=True)
        with self.lock:
            same = [p for p in self.pods if p.template == template and not p.ending]
            for _ in range(replicas - len(same)):
                number = next(self.turn)
                same.append(Pod(self, f"{name}-default-0-{number}", name, component, template))
            self.pods = [pod for pod in self.pods if pod not in same] + same
            surplus = same[replicas:]
        for pod in same:
            pod.start()
        while not all(pod.ready for pod in same[:replicas]):
            if self.deployments.get(name) is not wanted:
                self._end([pod for pod in same if not pod.ready])
                return
            time.sleep(0.05)
        with self.lock:
            others = [pod for pod in self.pods if pod.template != template] + surplus
            if self.deployments.get(name) is wanted:
                wanted["status"] = {"state": "Available", "replicas": replicas}
        self._end(others)

    def _end(self, pods: list["Pod"]) -> None:
        for pod in pods:
            pod.end()
        with self.lock:
            self.pods = [pod for pod in self.pods if pod not in pods]


class Pod:
    """A process of the serving code, restarted when it ends, as a kubelet does."""

    def __init__(
        self, cluster: Kubernetes, name: str, owner: str, component: dict[str, Any], template: str
    ) -> None:
        self.cluster, self.name, self.template = cluster, name, template
        self.labels = {"seldon-deployment-id": owner, **component["metadata"].get("labels", {})}
        (self.container,) = component["spec"]["containers"]
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=cluster.folder))
        self.log = self.folder / "log"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts, self.ready, self.ending, self.waiting = 0, False, False, ""

    def start(self) -> None:
        if self.process is None and not self.ending:
            self.waiting = "ContainerCreating"
            threading.Thread(target=self._live, daemon=True).start()

    def end(self) -> None:
        """No more requests, then a signal, as Kubernetes does."""
        self.ending = True
        time.sleep(0.2)
        if self.process is not None:
            end(self.process)
        self.ready = False

    def as_json(self) -> dict[str, Any]:
        state = {"waiting": {"reason": self.waiting}} if self.waiting else {"running": {}}
        metadata = {"name": self.name, "labels": self.labels, "namespace": self.cluster.namespace}
        if self.ending:
            metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        container = {
            "name": self.container["name"], "image": self.container["image"], "imageID": "",
            "ready": self.ready, "restartCount": self.restarts, "state": state,
        }  # fmt: skip
        return {
            "metadata": metadata,
            "spec": {"containers": [self.container]},
            "status": {
                "phase": "Running" if self.ready else "Pending",
                "conditions": [{"type": "Ready", "status": str(self.ready)}],
                "containerStatuses": [container],
            },
        }

    def _live(self) -> None:
        if self.container["image"] not in self.cluster.images:
            self.waiting = "ErrImagePull"
            return
        probe = self.container["readinessProbe"]["httpGet"]["path"]
        while not self.ending:
            with self.log.open("ab") as file:
                self.process = subprocess.Popen(
                    [str(self.cluster.python), "-m", "serving.pod", str(self.folder / "data")],
                    cwd=ROOT,
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=file,
                    start_new_session=True,
                )
            self.waiting = ""
            while self.process.poll() is None:
                self.ready = not self.ending and self._probe(probe)
                time.sleep(0.1)
            self.ready = False
            if not self.ending:
                self.restarts, self.waiting = self.restarts + 1, "CrashLoopBackOff"
                time.sleep(1)

    def _probe(self, path: str) -> bool:
        try:
            return requests.get(f"http://{LOOPBACK}:{self.port}{path}", timeout=3).ok
        except requests.RequestException:
            return False

    def _environment(self) -> dict[str, str]:
        """The image's, the manifest's, and what Seldon's operator adds. Loopback is not ours."""
        made = {**self.cluster.node, "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": str(self.port)}
        for variable in self.container["env"]:
            if secret := variable.get("valueFrom", {}).get("secretKeyRef"):
                data = self.cluster.secrets[secret["name"]]["data"][secret["key"]]
                made[variable["name"]] = base64.b64decode(data).decode()
            else:
                made[variable["name"]] = variable["value"].replace("0.0.0.0", LOOPBACK)
        return made


class Handler(Answering):
    server: Kubernetes
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        if found := INGRESS.fullmatch(path):
            return self._pass_on(method, found["ns"], found["name"], found["rest"], body)
        if self.server.asleep:
            time.sleep(30)
        if self.headers.get("Authorization") != f"Bearer {self.server.token}":
            return self._refuse(401, "Unauthorized")
        try:
            self._ask(method, path, json.loads(body) if body else {})
        except Wrong as wrong:
            self._refuse(422, "Invalid", str(wrong))

    def _ask(self, method: str, path: str, body: dict[str, Any]) -> None:
        cluster = self.server
        if path == "/version":
            return self.give({"gitVersion": "v1.30.0", "platform": "linux/amd64"} | VERSION)
        for pattern in (DEPLOYMENTS, SECRETS, LOG, PODS):
            if found := pattern.fullmatch(path):
                break
        else:
            return self._refuse(404, "NotFound", path)
        if found["ns"] != cluster.namespace:
            return self._refuse(403, "Forbidden", f"namespace {found['ns']}")
        if pattern is PODS:
            query = parse_qs(urlsplit(self.path).query)
            key, value = query["labelSelector"][0].split("=")
            with cluster.lock:
                pods = [pod.as_json() for pod in cluster.pods if pod.labels.get(key) == value]
            return self.give({"kind": "PodList", "apiVersion": "v1", "items": pods})
        if pattern is LOG:
            pods = [pod for pod in cluster.pods if pod.name == found["name"]]
            text = pods[0].log.read_bytes() if pods and pods[0].log.exists() else b""
            return self.give(text)
        kept = cluster.deployments if pattern is DEPLOYMENTS else cluster.secrets
        name = found["name"]
        if method == "GET" and name is None:
            return self.give({"kind": "List", "items": list(kept.values())})
        if method == "POST":
            if body["metadata"]["name"] in kept:
                return self._refuse(409, "AlreadyExists")
        elif name not in kept:
            return self._refuse(404, "NotFound", str(name))
        if method == "GET":
            return self.give(kept[name])
        if method == "DELETE":
            cluster.delete(name) if pattern is DEPLOYMENTS else kept.pop(name)
            return self.give({"kind": "Status", "status": "Success"})
        if pattern is SECRETS:
            kept[body["metadata"]["name"]] = body
            return self.give(body)
        former = kept.get(name)
        if (
            former
            and body["metadata"].get("resourceVersion") != former["metadata"]["resourceVersion"]
        ):
            return self._refuse(409, "Conflict")
        self.give(cluster.put(body, former))

    def _pass_on(self, method: str, ns: str, name: str, rest: str, body: bytes) -> None:
        """The ingress: to a pod that is ready; if it ends meanwhile, the client sees that."""
        pod = self.server.next_pod() if name in self.server.deployments else None
        if pod is None:
            return self.give(b"no healthy upstream", 503)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
        reply = requests.request(
            method, f"http://{LOOPBACK}:{pod.port}{rest}", data=body, headers=headers, timeout=60
        )
        self.give(reply.content, reply.status_code, reply.headers.get("Content-Type", ""))

    def _refuse(self, code: int, reason: str, message: str = "") -> None:
        self.give({"kind": "Status", "code": code, "reason": reason, "message": message}, code)


def check_deployment(body: dict[str, Any], namespace: str) -> None:
    """What the API server, Seldon's webhook and the namespace's pod security would refuse."""
    if (body["apiVersion"], body["kind"]) != ("machinelearning.seldon.io/v1", "SeldonDeployment"):
        raise Wrong(f"{body['apiVersion']} {body['kind']}")
    if body["metadata"].get("namespace", namespace) != namespace:
        raise Wrong("metadata.namespace")
    _check_keys("spec", body["spec"], SPEC)
    for predictor in body["spec"]["predictors"]:
        _check_keys("predictor", predictor, PREDICTOR)
        _check_keys("graph", predictor["graph"], GRAPH)
        for component in predictor["componentSpecs"]:
            _check_keys("componentSpec", component, COMPONENT)
            pod = component["spec"]
            check_model("spec", pod, "V1PodSpec")
            names = [container["name"] for container in pod["containers"]]
            if predictor["graph"]["name"] not in names:
                raise Wrong("graph.name: no such container")
            for container in pod["containers"]:
                check_restricted(pod, container)


def check_restricted(pod: dict[str, Any], container: dict[str, Any]) -> None:
    """The pod security standard 'restricted', which the namespace enforces."""
    security, own = pod.get("securityContext", {}), container.get("securityContext", {})
    kept = {
        "runAsNonRoot": security.get("runAsNonRoot"),
        "runAsUser": security.get("runAsUser", 0) > 0,
        "seccompProfile": security.get("seccompProfile", {}).get("type") == "RuntimeDefault",
        "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
        "capabilities": own.get("capabilities", {}).get("drop") == ["ALL"],
    }
    if broken := [rule for rule, held in kept.items() if not held]:
        raise Wrong(f"violates PodSecurity restricted: {', '.join(broken)}")


def check_model(path: str, value: Any, kind: str) -> None:
    """Every field must be one of the kubernetes client's model of it, with a value of its type."""
    if (item := re.fullmatch(r"list\[(.+)\]", kind)) is not None:
        if not isinstance(value, list):
            raise Wrong(f"{path}: a list is needed")
        for inner in value:
            check_model(path, inner, item[1])
    elif kind.startswith("dict(") or kind == "object":
        if kind != "object" and not isinstance(value, dict):
            raise Wrong(f"{path}: an object is needed")
    elif kind in ("str", "int", "bool", "float"):
        if type(value).__name__ != kind:
            raise Wrong(f"{path}: {kind} is needed, not {value!r}")
    elif kind != "datetime":
        model = getattr(models, kind)
        types = {
            json_name: model.openapi_types[attr] for attr, json_name in model.attribute_map.items()
        }
        _check_keys(path, value, set(types))
        for name, inner in value.items():
            check_model(f"{path}.{name}", inner, types[name])


def _check_keys(path: str, value: dict[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(value) - known):
        raise Wrong(f"{path}: unknown field {', '.join(unknown)}")


@contextmanager
def kubernetes(
    folder: Path, namespace: str, token: str, node: Mapping[str, str]
) -> Iterator[Kubernetes]:
    """Serve for as long as the block lasts; every pod is ended then."""
    server = Kubernetes(folder, namespace, token, node)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        for pod in server.pods:
            pod.end()
            shutil.rmtree(pod.folder, ignore_errors=True)
