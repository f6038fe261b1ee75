"""Who may use the endpoint."""

import pytest
import requests

from faces.client import send_faces, send_feedback
from faces.data.dataset import Faces
from faces.errors import OperationError
from serving.settings import ServerSettings

TOKEN = "a secret, and not a short one"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def guarded(start) -> ServerSettings:
    return start(token=TOKEN)


def test_with_the_token_everything_works(guarded: ServerSettings, drawn: Faces) -> None:
    answer = send_faces(guarded.url, drawn.pixels[:1], headers=BEARER)
    send_feedback(guarded.url, answer.request, ["someone"], headers=BEARER)
    assert requests.get(f"{guarded.url}/prometheus", headers=BEARER, timeout=5).ok


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
def test_without_it_nothing_but_ping(
    guarded: ServerSettings, drawn: Faces, headers: dict[str, str]
) -> None:
    with pytest.raises(OperationError, match="401: Authorization: the bearer token is missing"):
        send_faces(guarded.url, drawn.pixels[:1], headers=headers)
    for path in ("/metadata", "/prometheus", "/health/status", "/seldon/a/b/metadata"):
        assert requests.get(guarded.url + path, headers=headers, timeout=5).status_code == 401
    assert requests.get(f"{guarded.url}/health/ping", timeout=5).text == "pong"


def test_an_endpoint_that_is_not_there_is_told(drawn: Faces) -> None:
    with pytest.raises(OperationError, match=r"no endpoint answers at http://127\.0\.0\.1:1/"):
        send_faces("http://127.0.0.1:1", drawn.pixels[:1])
