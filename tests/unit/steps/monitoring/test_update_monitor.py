from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from faces.data.dataset import Faces, load_faces
from faces.data.window import Window
from faces.drift.sequential_monitor import SequentialMonitor
from steps.monitoring.update_monitor import update_monitor
from store import monitors
from store.materializers.monitor import DeploymentMonitor

MODULE = "steps.monitoring.update_monitor"
FIRST, SECOND = "2026-11-25T12:00:00+00:00", "2026-11-26T12:00:00+00:00"


class Stack:
    """What was captured, the newest monitor, and the latest deployment."""

    def __init__(self, faces: Faces) -> None:
        self.latest: DeploymentMonitor | None = None
        self.since, self.others = FIRST, 0
        self.captured = Window(
            images=np.asarray(faces.images),
            predicted=faces.labels,
            labels=np.full(len(faces), ""),
            confidence=np.ones(len(faces)),
            versions=np.full(len(faces), "1"),
            times=np.arange(1, len(faces) + 1),
        )
        self.shown = 0

    def select(self, _: Any, until: int) -> Window:
        window = self.captured[: self.shown]
        return window[window.times > until]

    def run(self, shown: int, version: int = 1) -> DeploymentMonitor:
        """Run the step after this many faces were captured; the caller stores the result."""
        self.shown = shown
        state: DeploymentMonitor = update_monitor.entrypoint(version, 5_000)
        return state


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Stack:
    faces = load_faces("synthetic", people=6, images=10)
    stack = Stack(faces)
    fitted = SequentialMonitor.fit(
        np.asarray(faces.images[::2]), faces.labels[::2], np.full(30, "", dtype="U1")
    )
    deployer = SimpleNamespace(captured=tuple, retention_days=lambda: None)
    client = SimpleNamespace(active_stack_model=SimpleNamespace(id="stack"))
    for name, value in {
        "deployed_since": lambda _: (stack.since, stack.others),
        "latest_monitor": lambda: stack.latest,
        "active_deployer": lambda: deployer,
        "read_captured_requests": lambda files, sample: list(files),
        "select_faces": stack.select,
        "_known": lambda window, _: window.predicted,
        "_fit": lambda _: fitted,
        "Client": lambda: client,
    }.items():
        monkeypatch.setattr(f"{MODULE}.{name}", value)
    return stack


def test_each_face_counts_once_although_a_run_was_killed(stack: Stack) -> None:
    stack.latest = stack.run(20)
    assert stack.latest.monitor.faces == 20
    stack.run(35)  # killed before its artifact was stored: the next one starts from the same state
    stack.latest = stack.run(40)
    assert stack.latest.monitor.faces == 40
    assert stack.run(40).monitor.faces == 40, "nothing new"


def test_a_deployment_starts_again_with_the_faces_after_it(stack: Stack) -> None:
    stack.latest = stack.run(20)
    stack.since = SECOND
    again = stack.run(30)
    assert (again.since, again.monitor.faces) == (SECOND, 10)
    assert stack.run(20).monitor.until == 20, "kept although no face came"


def test_faces_of_other_versions_do_not_count(stack: Stack) -> None:
    stack.captured = replace(stack.captured, versions=np.array(["1", "2"] * 30))
    assert stack.run(40).monitor.faces == 20
    stack.others = 30
    assert stack.run(40).monitor.faces == 5, "from the time of another version's deployment on"


def test_faces_count_from_the_latest_deployment_of_another_version_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = [
        SimpleNamespace(version=1, when=FIRST),
        SimpleNamespace(version=2, when=SECOND),
        SimpleNamespace(version=1, when="2026-11-27T12:00:00+00:00"),
    ]
    monkeypatch.setattr(monitors, "deployments", lambda: records)
    since, moment = monitors.deployed_since(1)
    assert since == "2026-11-27T12:00:00+00:00"
    assert moment == 1_795_694_400 * 1_000_000_000
    assert monitors.deployed_since(3)[0] == "", "it is live, and not recorded yet"
