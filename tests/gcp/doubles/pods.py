"""A pod: a process of this project's serving code, configured by the manifest."""

import base64
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from components.deployers.seldon_local.environment import ROOT
from tests.gcp.doubles.process import LOOPBACK, end, free_port

if TYPE_CHECKING:
    from tests.gcp.doubles.kubernetes import Kubernetes


class Pod:
    """A process of the serving code, restarted when it ends, like by a kubelet."""

    def __init__(
        self, cluster: "Kubernetes", name: str, owner: str, component: dict[str, Any], template: str
    ) -> None:
        self.cluster, self.name, self.template = cluster, name, template
        self.labels = {"seldon-deployment-id": owner, **component["metadata"].get("labels", {})}
        (self.container,) = component["spec"]["containers"]
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=cluster.folder))
        self.log = self.folder / "log"
        self.port, self.metrics_port = free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts, self.ready, self.ending, self.waiting = 0, False, False, ""

    def start(self) -> None:
        if self.process is None and not self.ending:
            self.waiting = "ContainerCreating"
            threading.Thread(target=self._run, daemon=True).start()

    def end(self) -> None:
        """Send no more requests, then send a signal, like Kubernetes."""
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

    def _run(self) -> None:
        if self.container["image"] not in self.cluster.images:
            self.waiting = "ErrImagePull"
            return
        probe = self.container["readinessProbe"]["httpGet"]["path"]
        while not self.ending:
            with self.log.open("ab") as file:
                self.process = subprocess.Popen(
                    [str(self.cluster.python), "-m", "serving.container", f"{self.folder}/data"],
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
        """Variables of the image, of the manifest and of Seldon's operator; on loopback only."""
        ports = {"HTTP": self.port, "METRICS": self.metrics_port}
        environment = dict(self.cluster.node)
        for variable in self.container["env"]:
            if secret := variable.get("valueFrom", {}).get("secretKeyRef"):
                data = self.cluster.secrets[secret["name"]]["data"][secret["key"]]
                environment[variable["name"]] = base64.b64decode(data).decode()
            else:
                environment[variable["name"]] = variable["value"].replace("0.0.0.0", LOOPBACK)
        ports_here = {f"PREDICTIVE_UNIT_{k}_SERVICE_PORT": str(p) for k, p in ports.items()}
        return environment | ports_here
