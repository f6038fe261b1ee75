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
    with pytest.raises(UserError, match=message):
        select_version.select_previous_version.entrypoint()
