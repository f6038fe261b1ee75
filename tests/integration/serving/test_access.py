"""Access to the endpoint: bearer tokens."""

from typing import Any

import pytest
import requests

from faces.client import count_faces, send_faces, send_feedback
from faces.data.dataset import Faces
from faces.drift.captured_requests import read_captured_requests
from faces.errors import OperationError
from serving.capture.reader import read_files
from serving.settings import ServerSettings
from serving.tokens import Tokens

TOKEN = "a secret, and not a short one"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ADA, BOB = ({"Authorization": f"Bearer a token of {name}"} for name in ("ada", "bob"))


@pytest.fixture(scope="module")
def protected(start) -> ServerSettings:
    return start(Tokens(TOKEN, {"ada": "a token of ada", "bob": "a token of bob"}))


def test_everything_but_feedback_is_allowed_with_the_token_for_predictions(
    protected: ServerSettings, drawn: Faces
) -> None:
    before = count_faces(protected.url, headers=BEARER)
    answer = send_faces(protected.url, drawn.pixels[:1], headers=BEARER)
    assert requests.get(f"{protected.url}/prometheus", headers=BEARER, timeout=5).ok
    assert count_faces(protected.url, headers=BEARER) == before + 1
    with pytest.raises(OperationError, match="403: Authorization: this token allows predictions"):
        send_feedback(protected.url, answer.request, ["someone"], headers=BEARER)
    for path in ("api/v0.1/feedback", "send-feedback", "seldon/a/b/api/v1.0/feedback"):
        reply = requests.post(f"{protected.url}/{path}", headers=BEARER, json={}, timeout=5)
        assert reply.status_code == 403
        assert reply.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'


def test_feedback_is_captured_with_the_sender_whose_token_was_sent(
    protected: ServerSettings, drawn: Faces
) -> None:
    for sender, request in ((ADA, "of-ada"), (BOB, "of-bob")):
        send_faces(protected.url, drawn.pixels[:1], headers=sender, request=request)
    send_faces(protected.url, drawn.pixels[:1], headers=BEARER, request="of-nobody")
    with requests.Session() as session:  # both senders on one connection
        for sender, request in ((ADA, "of-ada"), (BOB, "of-bob"), (ADA, "of-nobody")):
            truth: Any = {"response": {"meta": {"puid": request}}, "truth": {"strData": "someone"}}
            address = f"{protected.url}/api/v1.0/feedback"
            assert session.post(address, json=truth, headers=sender, timeout=5).ok
    files = read_files([str(protected.capture_folder)])
    table = read_captured_requests(files).table.set_index("request")
    found = {request: table["sender"][request] for request in ("of-ada", "of-bob", "of-nobody")}
    assert found == {"of-ada": "ada", "of-bob": "bob", "of-nobody": "ada"}
    assert (table["label_time"] >= table["time"])["of-ada"]
    assert b"a token of" not in b"".join(read_files([str(protected.capture_folder)]))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer \xe9"},
    ],
)
def test_only_ping_succeeds_without_the_token(
    protected: ServerSettings, drawn: Faces, headers: dict[str, str]
) -> None:
    with pytest.raises(OperationError, match="401: Authorization: the bearer token is missing"):
        send_faces(protected.url, drawn.pixels[:1], headers=headers)
    for path in ("/metadata", "/prometheus", "/health/status", "/seldon/a/b/metadata"):
        assert requests.get(protected.url + path, headers=headers, timeout=5).status_code == 401
    assert requests.get(f"{protected.url}/health/ping", timeout=5).text == "pong"
    assert requests.get(f"{protected.url}/v2/health/ready", timeout=5).json() == {"ready": True}


def test_a_protected_server_may_have_any_name(protected: ServerSettings) -> None:
    headers = {**BEARER, "Host": "faces.example"}
    assert requests.get(f"{protected.url}/metadata", headers=headers, timeout=5).ok


def test_the_client_reports_an_endpoint_that_cannot_be_reached(drawn: Faces) -> None:
    with pytest.raises(OperationError, match=r"no endpoint responds at http://127\.0\.0\.1:1/"):
        send_faces("http://127.0.0.1:1", drawn.pixels[:1])
    with pytest.raises(OperationError, match=r"no endpoint responds at http://127\.0\.0\.1:1/"):
        count_faces("http://127.0.0.1:1")


def test_each_client_may_send_so_many_requests(start) -> None:
    """Rates are tested with a clock in tests/unit/serving/test_rate_limit.py."""
    server = start(Tokens(TOKEN, {"ada": "a token of ada"}), requests_per_second=0.01)
    url = f"{server.url}/api/v1.0/predictions"

    def send(headers: dict[str, str]) -> requests.Response:
        return requests.post(url, headers=headers, json={}, timeout=5)

    assert [send(BEARER).status_code, send(ADA).status_code] == [400, 400]
    refused = send(BEARER)
    assert refused.status_code == send(ADA).status_code == 429
    assert 95 <= int(refused.headers["Retry-After"]) <= 100
    assert refused.json()["status"]["info"].startswith("client: more than 0.01 requests per second")
    guesses = [send({"Authorization": "Bearer guess"}).status_code for _ in range(3)]
    assert guesses == [401, 429, 429]
    for path in ("/health/ping", "/v2/health/ready"):
        assert requests.get(server.url + path, timeout=5).ok, "no token is needed"
    text = requests.get(f"{server.url}/prometheus", headers=BEARER, timeout=5).text
    assert 'faces_requests_total{code="429"} 4.0' in text
