import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from faces.data.window import Window
from faces.drift.findings import FindingKind
from faces.drift.policy import Action
from steps.monitoring import decide
from store.deployments import DecisionEntry

EMPTY = Window(
    images=np.zeros((0, 64, 64), np.float32),
    predicted=np.array([], dtype=np.str_),
    labels=np.array([], dtype=np.str_),
    confidence=np.array([]),
    versions=np.array([], dtype=np.str_),
    times=np.array([], dtype=np.int64),
)


def entry(hours_ago: float, until_hours_ago: float) -> DecisionEntry:
    when = datetime.now(UTC) - timedelta(hours=hours_ago)
    until = int((time.time() - until_hours_ago * 3600) * 1e9)
    return DecisionEntry(Action.NONE, "", until, when.isoformat(), 0.01, 20, 10, 0, 1)


@pytest.fixture(autouse=True)
def nothing_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "deployments", list)


def test_silence_begins_with_the_latest_face() -> None:
    entries = [entry(30, 30)]
    assert decide._silence(EMPTY, entries, 24) == pytest.approx(30, abs=0.1)
    assert decide._silence(EMPTY, entries, 31) is None
    assert decide._silence(EMPTY, entries, None) is None
    face = np.array([int(time.time() * 1e9)])
    assert decide._silence(replace(EMPTY, times=face), entries, 24) is None


def test_silence_is_reported_once() -> None:
    reported = replace(entry(2, 30), action=Action.ALERT, findings=(FindingKind.SILENCE,))
    assert decide._silence(EMPTY, [reported], 24) is None
    before_the_latest_face = replace(reported, when=entry(40, 0).when)
    assert decide._silence(EMPTY, [before_the_latest_face], 24) is not None
