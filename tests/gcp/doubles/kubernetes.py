"""The Kubernetes API with Seldon's SeldonDeployment, its operator and its ingress.

A SeldonDeployment is validated against the fields of the real one (pods against the kubernetes
client's models) and rolled out like in Kubernetes: the pods of the new revision start first and
receive requests once they are ready, then the previous ones end. A pod is a process of this
project's serving code with the environment from the manifest. Callers need a role of the cluster.
It proves the requests of the deployer and what clients see during a rollout. It does not prove the
cluster's network, its admission, the operator's own code, or the content of the container image.
"""

import json
import re
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests

from components.deployers.seldon_local.environment import ensure_environment
from tests.gcp.doubles.admission import Rejected, check_deployment
from tests.gcp.doubles.handler import JsonHandler, OneToken, Refused, Server
from tests.gcp.doubles.pods import Pod
from tests.gcp.doubles.process import LOOPBACK

if TYPE_CHECKING:
    from tests.gcp.doubles.identity import Identities

ITEM = re.compile(
    r"/apis?/(?P<group>([\w.]+/)?)v1/namespaces/(?P<ns>[^/]+)/(?P<kind>seldondeployments|secrets|pods)"
    r"(/(?P<name>[^/]+))?(?P<log>(/log)?)"
)
DEPLOYMENTS = "machinelearning.seldon.io/seldondeployments"
VERBS = {"GET": "get", "POST": "create", "PUT": "update", "DELETE": "delete"}
INGRESS = re.compile(r"/seldon/(?P<ns>[^/]+)/(?P<name>[^/]+)(?P<rest>/.*)")

FIELDS = ("buildDate", "compiler", "gitCommit", "gitTreeState", "goVersion", "major", "minor")
VERSION = dict.fromkeys(FIELDS, "") | {"gitVersion": "v1.30.0", "platform": "linux/amd64"}


class Kubernetes(Server):
    """One namespace of a cluster."""

    def __init__(
        self, folder: Path, namespace: str, access: "Identities | OneToken", node: Mapping[str, str]
    ) -> None:
        super().__init__(Handler)
        self.folder, self.namespace, self.access, self.node = folder, namespace, access, dict(node)
        self.deployments: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, dict[str, Any]] = {}
        self.pods: list[Pod] = []
        self.images: set[str] = set()
        """Container images in the registry; others cannot be pulled."""
        self.asleep = False
        self.lock = threading.RLock()
        self.turn = count(1)
        self.python = ensure_environment()

    def apply(self, body: dict[str, Any]) -> dict[str, Any]:
        """Store a SeldonDeployment and start its rollout."""
        check_deployment(body, self.namespace)
        with self.lock:
            version = str(next(self.turn))
            stored = {**body, "status": {"state": "Creating"}}
            stored["metadata"] = {**body["metadata"], "resourceVersion": version}
            self.deployments[body["metadata"]["name"]] = stored
        threading.Thread(target=self._roll_out, args=(stored,), daemon=True).start()
        return stored

    def delete(self, name: str) -> None:
        with self.lock:
            del self.deployments[name]
            deleted, self.pods = self.pods, []
        for pod in deleted:
            threading.Thread(target=pod.end, daemon=True).start()

    def next_pod(self) -> Pod | None:
        """Return the next ready pod, in turn."""
        with self.lock:
            ready = [pod for pod in self.pods if pod.ready and not pod.ending]
        return ready[next(self.turn) % len(ready)] if ready else None

    def _roll_out(self, desired: dict[str, Any]) -> None:
        name, predictor = desired["metadata"]["name"], desired["spec"]["predictors"][0]
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
            if self.deployments.get(name) is not desired:
                self._end([pod for pod in same if not pod.ready])
                return
            time.sleep(0.05)
        with self.lock:
            others = [pod for pod in self.pods if pod.template != template] + surplus
            if self.deployments.get(name) is desired:
                desired["status"] = {"state": "Available", "replicas": replicas}
        self._end(others)

    def _end(self, pods: list[Pod]) -> None:
        for pod in pods:
            pod.end()
        with self.lock:
            self.pods = [pod for pod in self.pods if pod not in pods]


class Handler(JsonHandler):
    server: Kubernetes
    protocol_version = "HTTP/1.1"

    def receive(self, method: str, body: bytes) -> None:
        path = urlsplit(self.path).path
        if match := INGRESS.fullmatch(path):
            return self._forward(method, match["ns"], match["name"], match["rest"], body)
        if self.server.asleep:
            time.sleep(30)
        try:
            self._dispatch(method, path, json.loads(body) if body else {})
        except Rejected as error:
            self._refuse(422, "Invalid", str(error))
        except Refused as error:
            self._refuse(error.args[0], "Refused", error.args[1])

    def _dispatch(self, method: str, path: str, body: dict[str, Any]) -> None:
        cluster = self.server
        caller = cluster.access.caller(self.headers.get("Authorization"))
        if path == "/version":
            return self.respond(VERSION)
        match = ITEM.fullmatch(path)
        if match is None:
            return self._refuse(404, "NotFound", path)
        kind, name = "".join(match.group("group", "kind", "log")), match["name"]
        verb = "list" if method == "GET" and not name else VERBS[method]
        cluster.access.require_in_cluster(caller, verb, kind, name)
        if match["ns"] != cluster.namespace:
            raise Refused(403, f"namespace {match['ns']}")
        if kind == "pods":
            query = parse_qs(urlsplit(self.path).query)
            key, value = query["labelSelector"][0].split("=")
            with cluster.lock:
                items = [pod.as_json() for pod in cluster.pods if pod.labels.get(key) == value]
            return self.respond({"kind": "PodList", "apiVersion": "v1", "items": items})
        if kind == "pods/log":
            pods = [pod for pod in cluster.pods if pod.name == name]
            text = pods[0].log.read_bytes() if pods and pods[0].log.exists() else b""
            return self.respond(text)
        objects = cluster.deployments if kind == DEPLOYMENTS else cluster.secrets
        if method == "GET" and name is None:
            return self.respond({"kind": "List", "items": list(objects.values())})
        if method == "POST":
            if body["metadata"]["name"] in objects:
                return self._refuse(409, "AlreadyExists")
        elif name not in objects:
            return self._refuse(404, "NotFound", str(name))
        if method == "GET":
            return self.respond(objects[name])
        if method == "DELETE":
            cluster.delete(name) if kind == DEPLOYMENTS else objects.pop(name)
            return self.respond({"kind": "Status", "status": "Success"})
        if kind == "secrets":
            objects[body["metadata"]["name"]] = body
            return self.respond(body)
        if method == "PUT":
            current = objects[str(name)]["metadata"]["resourceVersion"]
            if body["metadata"].get("resourceVersion") != current:
                return self._refuse(409, "Conflict")
        self.respond(cluster.apply(body))

    def _forward(self, method: str, ns: str, name: str, rest: str, body: bytes) -> None:
        """The ingress: forward to a ready pod. If it ends meanwhile, the client sees an error."""
        pod = self.server.next_pod() if name in self.server.deployments else None
        if pod is None:
            return self.respond(b"no healthy upstream", 503)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
        reply = requests.request(
            method, f"http://{LOOPBACK}:{pod.port}{rest}", data=body, headers=headers, timeout=60
        )
        self.respond(reply.content, reply.status_code, reply.headers.get("Content-Type", ""))

    def _refuse(self, code: int, reason: str, message: str = "") -> None:
        self.respond({"kind": "Status", "code": code, "reason": reason, "message": message}, code)


@contextmanager
def kubernetes(
    folder: Path, namespace: str, access: "Identities | OneToken", node: Mapping[str, str]
) -> Iterator[Kubernetes]:
    """Serve during the block, then end all pods."""
    server = Kubernetes(folder, namespace, access, node)
    try:
        with server.running():
            yield server
    finally:
        for pod in server.pods:
            pod.end()
            shutil.rmtree(pod.folder, ignore_errors=True)
