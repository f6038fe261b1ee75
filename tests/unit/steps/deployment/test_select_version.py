from types import SimpleNamespace

import pytest

from faces.errors import UserError
from steps.deployment import select_version


@pytest.mark.parametrize(
    ("live", "message"),
    [
        (None, "nothing is deployed yet: python run.py --pipeline deployment"),
        ("1", "version 1 was the first to be deployed; train one that the gate promotes, then"),
    ],
)
def test_a_rollback_without_a_previous_version_explains_what_is_needed(
    live: str | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployer = SimpleNamespace(served_version=lambda: live)
    monkeypatch.setattr(select_version, "active_deployer", lambda: deployer)
    monkeypatch.setattr(select_version, "previously_live", lambda _: None)
    monkeypatch.setattr(select_version, "find_unfinished_deployment", lambda _: None)
    with pytest.raises(UserError, match=message):
        select_version.select_previous_version.entrypoint()


def test_an_interrupted_rollback_is_completed_by_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noted: dict[str, object] = {}
    reason = "version 1 was live without a record, instead of version 2"
    for name, value in {
        "active_deployer": lambda: SimpleNamespace(served_version=lambda: "1"),
        "find_unfinished_deployment": lambda _: (2, reason),
        "previously_live": {2: 1}.get,
        "find_version": lambda number: number,
        "describe_run": noted.__setitem__,
    }.items():
        monkeypatch.setattr(select_version, name, value)
    assert select_version.select_previous_version.entrypoint() == 1
    assert noted == {"repaired": {"reason": reason}}
