import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.security import Guard

TOKEN = "a token of sixteen characters"


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


def client(token: str | None, base_url: str = "http://localhost") -> TestClient:
    routes = [
        Route("/", hello, methods=["GET", "POST"]),
        Route("/_nicegui/style.css", hello),
        WebSocketRoute("/socket", socket),
    ]
    app = Guard(Starlette(routes=routes), token)
    return TestClient(app, base_url=base_url, follow_redirects=False)


def test_answers_are_not_stored_and_may_load_nothing_from_other_hosts() -> None:
    response = client(None).get("/")
    assert response.text == "hello"
    assert response.headers["Cache-Control"] == "no-store"
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert "http" not in response.headers["Content-Security-Policy"]
    assert "Cache-Control" not in client(None).get("/_nicegui/style.css").headers


@pytest.mark.parametrize(
    ("url", "headers", "status"),
    [
        ("http://127.0.0.1:8080", {}, 200),
        ("http://[::1]:8080", {}, 200),
        ("http://faces.example", {}, 421),
        ("http://127.0.0.1.evil.example", {}, 421),
        ("http://localhost:8080", {"Origin": "http://localhost:8080"}, 200),
        ("http://localhost:8080", {"Origin": "http://localhost:9999"}, 403),
        ("http://localhost:8080", {"Origin": "null"}, 403),
    ],
)
def test_only_pages_of_this_origin_on_this_machine_are_served(
    url: str, headers: dict[str, str], status: int
) -> None:
    assert client(None, url).get("/", headers=headers).status_code == status


def test_websockets_of_other_origins_are_refused() -> None:
    with client(None).websocket_connect("ws://localhost/socket") as connection:
        assert connection.receive_text() == "hello"
    headers = {"Origin": "http://evil.example"}
    with (
        pytest.raises(WebSocketDisconnect),
        client(None).websocket_connect("ws://localhost/socket", headers=headers) as connection,
    ):
        connection.receive_text()


def test_requests_state_their_length_and_are_not_too_large() -> None:
    def chunks():
        yield b"x"

    assert client(None).post("/", content=chunks()).status_code == 411
    large = {"Content-Length": "32000001"}
    assert client(None).post("/", content=b"x", headers=large).status_code == 413
    assert client(None).post("/", content=b"x").status_code == 200


def test_with_a_token_any_host_is_served_to_those_who_have_it() -> None:
    remote = client(TOKEN, "https://faces.example")
    assert remote.get("/").status_code == 401
    assert remote.get("/", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert remote.get("/", headers={"Authorization": f"Bearer {TOKEN}"}).text == "hello"
    with pytest.raises(WebSocketDisconnect), remote.websocket_connect("/socket") as connection:
        connection.receive_text()


def test_a_browser_logs_in_once_and_its_cookie_does_not_contain_the_token() -> None:
    remote = client(TOKEN, "https://faces.example")
    sent = remote.get("/", headers={"Accept": "text/html"})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/login")
    assert "<form" in remote.get("/login").text
    wrong = remote.post("/login", data={"token": "wrong"})
    assert (wrong.status_code, "That is not the token" in wrong.text) == (401, True)
    assert remote.get("/").status_code == 401
    right = remote.post("/login", data={"token": TOKEN})
    cookie = right.headers["Set-Cookie"]
    assert right.headers["Location"] == "/"
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Secure"))
    assert TOKEN.split()[0] + " " not in cookie
    assert remote.get("/").text == "hello"
    remote.cookies.set("faces_app", "wrong")
    assert client(TOKEN).get("/", cookies={"faces_app": "wrong"}).status_code == 401
