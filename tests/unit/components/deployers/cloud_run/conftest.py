"""A service in memory, and a clock."""

import pytest

from components.deployers.cloud_run import rollout
from tests.unit.components.deployers.clock import Clock
from tests.unit.components.deployers.cloud_run.service import Service


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rollout, "time", clock)
    return clock


@pytest.fixture
def service(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service()
    monkeypatch.setattr(rollout, "health", service.health)
    return service
