"""A service of Cloud Run in memory."""

import copy
from collections import defaultdict
from typing import Any

from components.deployers.cloud_run import rollout
from components.deployers.cloud_run.revision import Content, Resource, make_template, read_content
from components.deployers.cloud_run.traffic import live_revision
from components.deployers.model_store import StoredModel
from faces.errors import OperationError
from tests.unit.components.deployers.cloud_run.test_revision import CONFIG, SECRETS, SETTINGS

PARENT = "projects/p/locations/l/services/face-recognizer/revisions/"
LATEST: Resource = {"type_": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100, "tag": ""}
HEADERS = {"Authorization": "Bearer token"}
READY, FAILED = {"state": "CONDITION_SUCCEEDED"}, {"state": "CONDITION_FAILED", "message": "why"}
STARTING = {"state": "CONDITION_RECONCILING"}
SILENT = OperationError("Google does not respond")


def template(version: str, candidate: str = "") -> Resource:
    other = StoredModel(candidate, "gs://b/m.npz", candidate) if candidate else None
    content = Content(StoredModel(version, "gs://b/m.npz", version), SETTINGS, other)
    return make_template(CONFIG, "image", content, SECRETS)


class Service:
    """As `terraform apply` leaves it: a placeholder receives the traffic.

    Attributes:
        states: Conditions of the revisions of a version, one after another and then the last one
            again; an exception is raised. Without any, a revision is ready at once.
        silent: Addresses at which nothing answers.
        updates: The changes of the service.
        asked: The addresses that were asked for their state.
    """

    def __init__(self) -> None:
        self.config, self.name = CONFIG, PARENT.removesuffix("/revisions/")
        self.states: defaultdict[str, list[Any]] = defaultdict(list)
        self.silent: set[str] = set()
        self.updates: list[Resource] = []
        self.created: list[Resource] = []
        self.asked: list[str] = []
        self.secrets: dict[str, str] = {}
        self.service: Resource = {
            "uri": "https://run", "etag": "0", "traffic": [LATEST], "traffic_statuses": [LATEST],
            "latest_ready_revision": PARENT + "placeholder", "scaling": {"scaling_mode": "MANUAL"},
        }  # fmt: skip

    def find(self) -> Resource:
        return copy.deepcopy(self.service)

    def revisions(self) -> list[Resource]:
        return [{**r, "conditions": self._conditions(r)} for r in self.created]

    def revision(self, name: str) -> Resource:
        (found,) = (r for r in self.created if r["name"] == PARENT + name)
        return {**found, "conditions": self._conditions(found)}

    def _conditions(self, revision: Resource) -> list[Resource]:
        states = self.states[read_content(revision).model.version]
        state = states.pop(0) if len(states) > 1 else (states or [READY])[0]
        if isinstance(state, Exception):
            raise state
        return [{"type_": "ContainerReady", "state": "?"}, {"type_": "Ready", **state}]

    def update(self, service: Resource, **changes: Any) -> None:
        assert service["etag"] == self.service["etag"]
        self.updates.append(dict(changes))
        if new := changes.pop("template", None):
            content = {key: value for key, value in new.items() if key != "revision"}
            self.created.append({**content, "name": PARENT + new["revision"]})
        self.service |= changes
        self.service["etag"] += "'"
        statuses = [t | ({"uri": f"https://{t['tag']}"} if t["tag"] else {}) for t in self.traffic]
        self.service["traffic_statuses"] = statuses

    def store_secret(self, secret: str, value: str) -> str:
        self.secrets[secret] = value
        return f"projects/p/secrets/{secret}/versions/1"

    @property
    def traffic(self) -> list[Resource]:
        traffic: list[Resource] = self.service["traffic"]
        return traffic

    def live(self) -> str:
        return self.version(str(live_revision(self.service)))

    def version(self, name: str) -> str:
        return read_content(self.revision(name)).model.version

    def shares(self, traffic: list[Resource]) -> list[tuple[str, int, str]]:
        """Return versions in place of the names of revisions."""
        names = [t.get("revision", "latest") for t in traffic]
        versions = [n if n in ("latest", "placeholder") else self.version(n) for n in names]
        return [(v, t["percent"], t["tag"]) for v, t in zip(versions, traffic, strict=True)]

    def health(self, url: str, headers: Resource) -> dict[str, str]:
        """Return the tags of the revision that answers at an address."""
        assert headers == HEADERS, headers
        self.asked.append(url)
        if url in self.silent:
            return {}
        content = read_content(self.revision(self._answering(url.removeprefix("https://"))))
        beside = {"candidate_version": content.candidate.version} if content.candidate else {}
        return {"model_version": content.model.version, **beside}

    def _answering(self, tag: str) -> str:
        shares = [t for t in self.traffic if t["tag"] == tag or (tag == "run" and t["percent"])]
        name: str = shares[len(self.asked) % len(shares)]["revision"]
        return name

    def deploy(self, version: str, timeout_seconds: float = 100.0) -> None:
        shares = rollout.live_share(template(version))
        rollout.roll_out(self, shares, HEADERS, timeout_seconds)  # type: ignore[arg-type]
