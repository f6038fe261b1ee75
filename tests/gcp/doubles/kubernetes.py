"""The Kubernetes API with Seldon's SeldonDeployment, its operator and its ingress.

A SeldonDeployment is checked against the fields of the real one (pods against those of the
kubernetes client's own models) and rolled out as Kubernetes would: the pods of the new revision
come first, get requests once they are ready, and the former ones end after that. A pod is a process
of this project's serving code, with what the manifest gives it. It proves that, the requests of the
deployer and what clients see meanwhile. It does not prove the cluster's network, its admission, the
operator's own code, or what the image holds.
"""

import json
import re
import shutil
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

from components.deployers.seldon_local.environment import ensure_environment
from tests.gcp.doubles.admission import Wrong, check_deployment
from tests.gcp.doubles.handler import Answering
from tests.gcp.doubles.pods import Pod
from tests.gcp.doubles.process import LOOPBACK

DEPLOYMENTS = re.compile(
    r"/apis/machinelearning\.seldon\.io/v1/namespaces/(?P<ns>[^/]+)/seldondeployments(/(?P<name>[^/]+))?"
)
SECRETS = re.compile(r"/api/v1/namespaces/(?P<ns>[^/]+)/secrets(/(?P<name>[^/]+))?")
PODS = re.compile(r"/api/v1/namespaces/(?P<ns>[^/]+)/pods")
LOG = re.compile(PODS.pattern + r"/(?P<name>[^/]+)/log")
INGRESS = re.compile(r"/seldon/(?P<ns>[^/]+)/(?P<name>[^/]+)(?P<rest>/.*)")

VERSION = dict.fromkeys(
    ("buildDate", "compiler", "gitCommit", "gitTreeState", "goVersion", "major", "minor"), ""
)


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

    def next_pod(self) -> Pod | None:
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

    def _end(self, pods: list[Pod]) -> None:
        for pod in pods:
            pod.end()
        with self.lock:
            self.pods = [pod for pod in self.pods if pod not in pods]


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
        except Wrong as bad_request:
            self._refuse(422, "Invalid", str(bad_request))

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
