from types import SimpleNamespace
from typing import Any

import pytest

from components.deployers import common
from components.deployers.common import feedback_headers, find_tokens, prediction_headers
from components.deployers.endpoint import Endpoint
from components.deployers.seldon_kubernetes.flavor import SeldonKubernetesConfig
from faces.errors import UserError
from serving.tokens import Tokens


def tokens_of(monkeypatch: pytest.MonkeyPatch, **values: str) -> Tokens | None:
    def get_secret(name: str, **_: Any) -> Any:
        return SimpleNamespace(secret_values=values)

    monkeypatch.setattr(common, "Client", lambda: SimpleNamespace(get_secret=get_secret))
    return find_tokens("endpoint")


def test_the_keys_of_the_secret_define_the_scopes(monkeypatch: pytest.MonkeyPatch) -> None:
    found = tokens_of(monkeypatch, token="p", feedback_ada="a", feedback_gate_2="b", other="c")
    assert found == Tokens("p", {"ada": "a", "gate_2": "b"})
    assert find_tokens("") is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"feedback_ada": "a"}, "no secret 'endpoint' with a key 'token'"),
        ({"token": "p", "feedback_ada": "p"}, "'feedback_ada' has the same token as 'token'"),
        (
            {"token": "p", "feedback_ada": "a", "feedback_bob": "a"},
            "'feedback_bob' has the same token as 'feedback_ada'.*update endpoint --feedback_bob=…",
        ),
        ({"token": "p", "feedback_ada": ""}, "'feedback_ada' has an empty token"),
        ({"token": "p", "feedback_": "a"}, "'feedback_' does not name a sender"),
        ({"token": "p", "feedback_a\nb": "a"}, "does not name a sender"),
    ],
)
def test_a_token_must_identify_one_sender(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        tokens_of(monkeypatch, **values)


def test_own_commands_send_feedback_with_the_operators_token() -> None:
    tokens = Tokens("p", {"ada": "a", "operator": "o"})
    assert prediction_headers(tokens) == {"Authorization": "Bearer p"}
    assert feedback_headers(tokens) == {"Authorization": "Bearer o"}
    assert prediction_headers(None) == feedback_headers(None) == {}


def test_without_the_operators_token_own_commands_refuse_to_send_feedback() -> None:
    headers = feedback_headers(Tokens("p", {"ada": "a"}))
    endpoint = Endpoint("http://x", "1", {}, headers)
    with pytest.raises(UserError, match=r"no key 'feedback_operator'.*--feedback_operator=…"):
        endpoint.require_feedback_headers()


def test_an_endpoint_does_not_print_its_tokens() -> None:
    assert "secret" not in repr(Endpoint("http://x", "1", {"A": "secret"}, {"A": "secret"}))


def test_the_secret_of_a_cluster_is_the_one_that_its_token_refers_to() -> None:
    def config(token: str) -> SeldonKubernetesConfig:
        return SeldonKubernetesConfig(base_url="http://x", models="m", captured="c", token=token)

    assert config("{{endpoint.token}}").token_secret == "endpoint"
    assert config("a token").token_secret == config("").token_secret == ""
