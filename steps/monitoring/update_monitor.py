"""Continue the monitor of single faces with the faces captured since the last run."""

import time
from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from zenml import step
from zenml.client import Client

from components.deployers.base import active_deployer
from faces.data.dataset import Faces
from faces.data.sharded_faces import select_lazily
from faces.data.window import Window
from faces.drift.captured_requests import read_captured_requests, select_faces
from faces.drift.request_sample import RequestSample
from faces.drift.sequential_monitor import SequentialMonitor
from faces.drift.witness_opinion import WitnessOpinion
from faces.runtime.portable import UNKNOWN
from serving.capture.reader import read_files
from store.materializers import MONITOR_STATE
from store.materializers.monitor import DeploymentMonitor
from store.monitors import MONITOR, NANOSECONDS, deployed_since, latest_monitor
from store.versions import load_artifact, require_version
from store.witnesses import load_witness

SECONDS_PER_DAY = 86_400


@step(enable_cache=False, output_materializers={MONITOR: MONITOR_STATE})
def update_monitor(live_version: int, maximum_images: int) -> Annotated[DeploymentMonitor, MONITOR]:
    """Add the faces that the live version answered since the last run to its monitor.

    After a deployment, a new monitor is fitted on the version's training images. If this run is
    killed, the next one continues from the same state, so each face counts once.

    Args:
        live_version: Number of the version that the endpoint serves.
        maximum_images: Of more faces since the last run, a random sample of this size is added.

    Returns:
        The monitor's next state.

    Raises:
        UserError: If the live version was deleted.
    """
    since, until = deployed_since(live_version)
    latest = latest_monitor()
    if latest is not None:
        until = max(until, latest.monitor.until)
    if latest is not None and (latest.version, latest.since) == (live_version, since):
        monitor = latest.monitor
    else:
        monitor = replace(_fit(live_version), until=until)
    deployer = active_deployer()
    files = read_files(deployer.captured(), until / NANOSECONDS)
    captured = read_captured_requests(files, RequestSample(maximum_images, until))
    faces = select_faces(captured, until)
    own = faces[faces.versions == str(live_version)]
    monitor = monitor.update(np.asarray(own.images), _known(own, live_version), own.times)
    if days := deployer.retention_days():
        expired = time.time() - days * SECONDS_PER_DAY
        monitor = monitor.without_faces_before(int(expired * NANOSECONDS))
    stack = str(Client().active_stack_model.id)
    return DeploymentMonitor(monitor, live_version, since, stack)


def _known(faces: Window, number: int) -> NDArray[np.str_]:
    """Return the identities as answered, or "unknown" for faces that resemble nobody enrolled."""
    if not len(faces):
        return faces.predicted
    witness = load_witness(require_version(number), faces.predicted)
    unknown = WitnessOpinion.ask(witness, np.asarray(faces.images)).unknown
    return np.where(unknown, UNKNOWN, faces.predicted)


def _fit(number: int) -> SequentialMonitor:
    version = require_version(number)
    faces: Faces = load_artifact(version, "faces")
    train = select_lazily(faces, load_artifact(version, "split").train)
    return SequentialMonitor.fit(train.images, train.labels, train.origins)
