"""Cloud Run's and Secret Manager's APIs for one service, with the real server behind each revision.

Every caller is identified by its signed token, and needs a permission; who changes the service
must also be allowed to act as its service account. Traffic moves some time after it was changed.
Containers start with their revision or on a request, and end when there are none.
It does not prove Google's network, its certificates, quotas, billing, or the container image.
"""

import base64
import json
import random
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from components.deployers.seldon_local.environment import ensure_environment
from tests.gcp.doubles.handler import JsonHandler, Refused, Server
from tests.gcp.doubles.identity import Identities
from tests.gcp.doubles.pods import Pod
from tests.gcp.doubles.process import LOOPBACK

SERVICE = re.compile(r"/v2/(?P<name>projects/[^/]+/locations/[^/]+/services/[^/]+)")
REVISIONS = re.compile(SERVICE.pattern + r"/revisions(/(?P<revision>[^/]+))?")
ACCESS = re.compile(r"/v1/projects/[^/]+/secrets/(?P<secret>[^/]+)/versions/latest:access")
ADD = re.compile(r"/v1/projects/[^/]+/secrets/(?P<secret>[^/]+):addVersion")
FRONT = re.compile(r"/(?P<tag>run|tag-[a-z]+)(?P<rest>/.*)")
PERMISSIONS = {
    ("GET", SERVICE): "run.services.get", ("PATCH", SERVICE): "run.services.update",
    ("GET", REVISIONS): "run.revisions.get", ("GET", ACCESS): "secretmanager.versions.access",
    ("POST", ADD): "secretmanager.versions.add",
}  # fmt: skip
ENDPOINT, SECRETS = "google_cloud_run_v2_service.endpoint", "google_secret_manager_secret.endpoint"
"""The resources of infra/gcp."""

SETTLE_SECONDS = 0.2


class CloudRun(Server):
    """A service of which `terraform apply` made a placeholder."""

    def __init__(
        self, folder: Path, name: str, identities: Identities, node: Mapping[str, str]
    ) -> None:
        super().__init__(Handler)
        self.folder, self.name, self.identities, self.node = folder, name, identities, dict(node)
        self.images: set[str] = set()
        self.secrets: dict[str, list[bytes]] = {}
        self.revisions: dict[str, dict[str, Any]] = {}
        self.pods: dict[str, Pod] = {}
        self.lock = threading.RLock()
        self.python = ensure_environment()
        self.namespace = ""
        latest = {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}
        self.service: dict[str, Any] = {
            "name": name, "etag": "1", "uri": f"{self.url}/run", "traffic": [latest], "scaling": {},
            "template": {}, "latestReadyRevision": f"{name}/revisions/placeholder",
        }  # fmt: skip
        self.traffic: list[dict[str, Any]] = []
        """The traffic as it flows, some time after it was changed."""

    def update(self, body: dict[str, Any], fields: list[str], caller: str) -> dict[str, Any]:
        with self.lock:
            if body["etag"] != self.service["etag"]:
                raise Refused(409, "the service was changed")
            changed = {**self.service, **{field: body.get(field, {}) for field in fields}}
            if "template" in fields:
                self._create_revision(changed["template"], caller)
            self._check_traffic(changed["traffic"])
            self.service = {**changed, "etag": str(int(self.service["etag"]) + 1)}
            threading.Timer(SETTLE_SECONDS, self._settle, [changed["traffic"]]).start()
        return {"name": "projects/p/locations/l/operations/1"}

    def _create_revision(self, template: dict[str, Any], caller: str) -> None:
        name, account = template["revision"], template["serviceAccount"]
        self.identities.require_act_as(caller, account)
        if not name.startswith(self.name.rsplit("/", 1)[-1] + "-") or len(name) > 63:
            raise Refused(400, f"{name} is no name of a revision")
        if name in self.revisions:
            if self.revisions[name]["template"] != template:
                raise Refused(409, f"{name} exists with another configuration")
            return
        self.revisions[name] = {"template": template, "ready": False}
        self._start(name)

    def _check_traffic(self, traffic: list[dict[str, Any]]) -> None:
        tags = [t["tag"] for t in traffic if t.get("tag")]
        names = [t["revision"] for t in traffic if "revision" in t and t["revision"] != PLACEHOLDER]
        if sum(t.get("percent", 0) for t in traffic) != 100 or len(set(tags)) < len(tags):
            raise Refused(400, "percentages must add up to 100, and tags be unique")
        if unready := [n for n in names if not self.revisions.get(n, {}).get("ready")]:
            raise Refused(400, f"{unready} are not ready")

    def _settle(self, traffic: list[dict[str, Any]]) -> None:
        """Let the traffic flow as it was changed; unused containers end."""
        self.traffic = traffic
        used = {t.get("revision") for t in traffic}
        for name in set(self.pods) - used:
            if self.revisions[name]["ready"]:
                self.pods.pop(name).end()

    def scale_to_zero(self) -> None:
        """End all containers, as after a quarter of an hour without requests."""
        for name in list(self.pods):
            self.pods.pop(name).end()

    def _start(self, name: str) -> Pod:
        with self.lock:
            if name not in self.pods:
                container = self.revisions[name]["template"]["containers"][0]
                env = [{"name": v["name"], "value": self._value(v)} for v in container["env"]]
                probe = {"httpGet": {"path": container["startupProbe"]["httpGet"]["path"]}}
                spec = {**container, "name": name, "env": env, "readinessProbe": probe}
                component = {"metadata": {}, "spec": {"containers": [spec]}}
                self.pods[name] = Pod(self, name, name, component, "")  # type: ignore[arg-type]
                self.pods[name].start()
        return self.pods[name]

    def _value(self, variable: dict[str, Any]) -> str:
        if "valueSource" not in variable:
            return str(variable["value"])
        self.identities.require("serving", "secretmanager.versions.access", SECRETS)
        reference = variable["valueSource"]["secretKeyRef"]
        return self.secrets[reference["secret"]][int(reference["version"]) - 1].decode()

    def serving_pod(self, tag: str) -> Pod | None:
        """Return a container of a revision, chosen by its share; start it if there is none."""
        traffic = [t for t in self.traffic if tag in ("run", f"tag-{t.get('tag')}")]
        traffic = [t for t in traffic if t["revision"] in self.revisions]
        if not traffic:
            return None
        weights = [t.get("percent", 0) if tag == "run" else 1 for t in traffic]
        (share,) = random.choices(traffic, weights)
        pod = self._start(share["revision"])
        deadline = time.monotonic() + 20
        while not pod.ready and time.monotonic() < deadline:
            time.sleep(0.05)
        return pod

    def describe_service(self) -> dict[str, Any]:
        statuses = [
            {**t, "uri": f"{self.url}/tag-{t['tag']}"} if t.get("tag") else t for t in self.traffic
        ]
        return {**self.service, "trafficStatuses": statuses}

    def describe_revision(self, name: str) -> dict[str, Any]:
        revision, pod = self.revisions[name], self.pods.get(name)
        revision["ready"] = revision["ready"] or (pod is not None and pod.ready)
        failed = pod is not None and (pod.restarts > 0 or pod.waiting == "ErrImagePull")
        state = "CONDITION_FAILED" if failed else "CONDITION_RECONCILING"
        ready = {"type": "Ready", "state": "CONDITION_SUCCEEDED" if revision["ready"] else state}
        if failed and pod is not None:
            ready["message"] = f"The user-provided container failed to start ({pod.waiting})"
        content = {k: v for k, v in revision["template"].items() if k != "revision"}
        return {
            **content,
            "name": f"{self.name}/revisions/{name}",
            "createTime": "2026-01-01T00:00:00Z",
            "conditions": [ready],
        }


PLACEHOLDER = "placeholder"


class Handler(JsonHandler):
    server: CloudRun
    protocol_version = "HTTP/1.1"

    def receive(self, method: str, body: bytes) -> None:
        split = urlsplit(self.path)
        if match := FRONT.fullmatch(split.path):
            return self._forward(method, match["tag"], match["rest"], body)
        try:
            self.respond(self.answer(method, split.path, parse_qs(split.query), body))
        except Refused as refused:
            code, message = refused.args
            self.respond({"error": {"code": code, "message": message}}, code)

    def answer(self, method: str, path: str, query: Any, body: bytes) -> dict[str, Any]:
        caller = self.server.identities.caller(self.headers.get("Authorization"))
        matches = (
            (pattern, match)
            for allowed, pattern in PERMISSIONS
            if allowed == method and (match := pattern.fullmatch(path))
        )
        pattern, match = next(matches, (SERVICE, None))
        if match is None:
            raise Refused(404, path)
        resource = SECRETS if pattern in (ADD, ACCESS) else ENDPOINT
        self.server.identities.require(caller, PERMISSIONS[method, pattern], resource)
        if pattern in (ADD, ACCESS):
            return self._secret(pattern, match["secret"], body)
        if match["name"] != self.server.name:
            raise Refused(404, f"{match['name']} does not exist")
        if pattern is REVISIONS:
            names = [match["revision"]] if match["revision"] else list(self.server.revisions)
            if missing := set(names) - set(self.server.revisions):
                raise Refused(404, f"{missing} do not exist")
            found = [self.server.describe_revision(name) for name in names]
            return found[0] if match["revision"] else {"revisions": found}
        if method == "GET":
            return self.server.describe_service()
        fields = query["updateMask"][0].split(",")
        return self.server.update(json.loads(body), fields, caller)

    def _secret(self, pattern: Any, secret: str, body: bytes) -> dict[str, Any]:
        if secret not in self.server.secrets:
            raise Refused(404, f"no secret {secret}")
        versions = self.server.secrets[secret]
        if pattern is ADD:
            versions.append(base64.b64decode(json.loads(body)["payload"]["data"]))
        if not versions:
            raise Refused(404, "no version")
        name = f"projects/p/secrets/{secret}/versions/{len(versions)}"
        return {"name": name, "payload": {"data": base64.b64encode(versions[-1]).decode()}}

    def _forward(self, method: str, tag: str, rest: str, body: bytes) -> None:
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
        while (pod := self.server.serving_pod(tag)) is not None:
            url = f"http://{LOOPBACK}:{pod.port}{rest}"
            try:
                reply = requests.request(method, url, data=body, headers=headers, timeout=60)
            except requests.ConnectionError:
                if pod in self.server.pods.values():
                    raise
                continue  # the container was stopped after it had been chosen
            kind = reply.headers.get("Content-Type", "")
            return self.respond(reply.content, reply.status_code, kind)
        return self.respond(b"hello", 404)


@contextmanager
def cloud_run(
    folder: Path, name: str, identities: Identities, node: Mapping[str, str]
) -> Iterator[CloudRun]:
    """Serve during the block, then end all containers."""
    with CloudRun(folder, name, identities, node).running() as server:
        yield server
    server.scale_to_zero()
