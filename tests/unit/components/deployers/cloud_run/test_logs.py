import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from components.deployers.cloud_run.logs import read_logs
from tests.unit.components.deployers.cloud_run.test_revision import CONFIG


def test_logs_are_read_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    resource = SimpleNamespace(labels={"revision_name": "r1"})

    class Client:
        def __init__(self, **_: object) -> None: ...

        def list_entries(self, **request: Any) -> list[Any]:
            asked.update(request)
            return [SimpleNamespace(payload=text, resource=resource) for text in ("new", "old")]

    logging = ModuleType("google.cloud.logging")
    vars(logging).update(Client=Client, DESCENDING="timestamp desc")
    cloud = ModuleType("google.cloud")
    vars(cloud).update(logging=logging)
    monkeypatch.setitem(sys.modules, "google.cloud", cloud)
    monkeypatch.setitem(sys.modules, "google.cloud.logging", logging)
    assert list(read_logs(CONFIG, 2)) == ["r1  old", "r1  new"]
    assert asked["max_results"] == 2
    assert 'service_name="face-recognizer"' in asked["filter_"]
