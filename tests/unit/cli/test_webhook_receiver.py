"""The receiver needs its secrets, and says how to create them."""

from types import SimpleNamespace

import pytest
from zenml.client import Client

from cli.webhook_receiver import read_secrets
from faces.errors import UserError


def secret_is(monkeypatch: pytest.MonkeyPatch, values: dict[str, str] | None) -> None:
    def get_secret(client: object, name: str, **options: object) -> SimpleNamespace:
        if values is None:
            raise KeyError(name)
        return SimpleNamespace(secret_values=values)

    monkeypatch.setattr(Client, "get_secret", get_secret)
    monkeypatch.setattr(Client, "__init__", lambda client: None)


def test_a_missing_secret_is_reported_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    secret_is(monkeypatch, None)
    with pytest.raises(UserError, match="zenml secret create webhook --secret="):
        read_secrets(with_token=False)
    secret_is(monkeypatch, {"secret": ""})
    with pytest.raises(UserError, match="zenml secret update webhook --secret="):
        read_secrets(with_token=False)


def test_githubs_token_is_needed_only_for_github(monkeypatch: pytest.MonkeyPatch) -> None:
    secret_is(monkeypatch, {"secret": "s"})
    assert read_secrets(with_token=False) == {"secret": "s"}
    with pytest.raises(UserError, match="zenml secret update webhook --github_token="):
        read_secrets(with_token=True)
