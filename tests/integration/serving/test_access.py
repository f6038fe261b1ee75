"""Access to the endpoint: bearer tokens."""

import pytest
import requests

from faces.client import count_faces, send_faces, send_feedback
from faces.data.dataset import Faces
from faces.errors import OperationError
from serving.settings import ServerSettings

TOKEN = "a secret, and not a short one"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def protected(start) -> ServerSettings:
    return start(token=TOKEN)


def test_all_requests_succeed_with_the_token(protected: ServerSettings, drawn: Faces) -> None:
    answer = send_faces(protected.url, drawn.pixels[:1], headers=BEARER)
    send_feedback(protected.url, answer.request, ["someone"], headers=BEARER)
    assert requests.get(f"{protected.url}/prometheus", headers=BEARER, timeout=5).ok
    assert count_faces(protected.url, headers=BEARER) == 1


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


def test_the_client_reports_an_endpoint_that_cannot_be_reached(drawn: Faces) -> None:
    with pytest.raises(OperationError, match=r"no endpoint responds at http://127\.0\.0\.1:1/"):
        send_faces("http://127.0.0.1:1", drawn.pixels[:1])
    with pytest.raises(OperationError, match=r"no endpoint responds at http://127\.0\.0\.1:1/"):
        count_faces("http://127.0.0.1:1")
