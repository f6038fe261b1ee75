"""Malformed requests get a 4xx that names the field, and the server continues to answer."""

import json
import math
import socket
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faces.client import FEEDBACK, PREDICT
from serving.settings import ServerSettings, log_file

FACE = [0.5] * 4096


@pytest.fixture(scope="module", autouse=True)
def server_still_answers(server: ServerSettings) -> Iterator[None]:
    yield
    response = requests.post(server.url + PREDICT, json={"data": {"ndarray": [FACE]}}, timeout=5)
    assert response.status_code == 200


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def send(
    server: ServerSettings, body: bytes, path: str = PREDICT, kind: str = "application/json"
) -> requests.Response:
    return requests.post(server.url + path, body, headers={"Content-Type": kind}, timeout=30)


def check(response: requests.Response, code: int, field: str) -> None:
    assert response.status_code == code, response.text
    status = response.json()["status"]
    assert status["code"] == code
    assert status["status"] == "FAILURE"
    assert status["info"].startswith(field), status["info"]


@pytest.mark.parametrize("value", [0, 1, -0.0, 1e-320, -1e-320, 1.00000001])
def test_pixels_at_the_edges_of_the_range_are_accepted(
    server: ServerSettings, value: float
) -> None:
    """As float32, the last three are 0, -0 and 1."""
    body = json.dumps({"data": {"ndarray": [[value] * 4096]}})
    assert send(server, body.encode()).status_code == 200


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ([], "body: expected an object, not a list"),
        ("text", "body: expected an object, not text"),
        (None, "body: expected an object, not null"),
        ({}, "body: data or binData is missing"),
        ({"data": None}, "data: expected an object, not null"),
        ({"data": [FACE]}, "data: expected an object, not a list"),
        ({"data": {}}, "data: ndarray or tensor is missing"),
        ({"data": {"ndarray": None}}, "data.ndarray: expected a list of faces, not null"),
        ({"data": {"ndarray": []}}, "data.ndarray: the list is empty"),
        ({"data": {"ndarray": [[]]}}, "data.ndarray[0]: expected 4096 numbers"),
        ({"data": {"ndarray": FACE}}, "data.ndarray[0]: expected a list of numbers"),
        ({"data": {"ndarray": [FACE, FACE[1:]]}}, "data.ndarray[1]: expected 4096 numbers"),
        ({"data": {"ndarray": [FACE, None]}}, "data.ndarray[1]: expected a list of numbers"),
        ({"data": {"ndarray": [[*FACE[1:], "x"]]}}, "data.ndarray: expected only numbers"),
        ({"data": {"ndarray": [[*FACE[1:], None]]}}, "data.ndarray: expected only numbers"),
        ({"data": {"ndarray": [[*FACE[1:], True]]}}, "data.ndarray: expected only numbers"),
        ({"data": {"ndarray": [[*FACE[1:], [0.5]]]}}, "data.ndarray: lists are nested"),
        ({"data": {"ndarray": [[*FACE[2:], [], [0.5, 0.5]]]}}, "data.ndarray: lists are nested"),
        ({"data": {"ndarray": [[FACE[:64]] * 63]}}, "data.ndarray[0]: expected 4096 numbers"),
        ({"data": {"ndarray": [[FACE[:64]] * 63 + [FACE[:63]]]}}, "data.ndarray[0]: expected 4096"),
        ({"data": {"ndarray": [[*FACE[1:], 1.1]]}}, "data.ndarray: pixels must be between 0 and 1"),
        ({"data": {"ndarray": [[*FACE[1:], -0.1]]}}, "data.ndarray: pixels must be between"),
        ({"data": {"ndarray": [[*FACE[1:], 1e300]]}}, "data.ndarray: pixels must be between"),
        ({"data": {"ndarray": [[*FACE[1:], 10**30]]}}, "body: not JSON"),
        ({"data": {"tensor": None}}, "data.tensor: expected an object with shape and values"),
        ({"data": {"tensor": {"values": FACE}}}, "data.tensor.shape: expected a list of numbers"),
        ({"data": {"tensor": {"shape": [1, 4096]}}}, "data.tensor.values: expected a list"),
        ({"data": {"tensor": {"shape": [2, 4096], "values": FACE}}}, "data.tensor.values: 4096"),
        ({"data": {"tensor": {"shape": [4096], "values": FACE}}}, "data.tensor.shape: expected"),
        ({"data": {"tensor": {"shape": [1.0, 4096], "values": FACE}}}, "data.tensor.shape"),
        ({"data": {"tensor": {"shape": [-1, 4096], "values": FACE}}}, "data.tensor.values"),
        ({"data": {"tensor": {"shape": [0, 4096], "values": []}}}, "data.tensor.values: 0"),
        ({"data": {"tensor": {"shape": [1, 4096], "values": [FACE]}}}, "data.tensor.values: lists"),
        ({"data": {"tensor": {"shape": [1, 4096], "values": ["a"]}}}, "data.tensor.values: expect"),
        ({"binData": None}, "binData: expected base64, not null"),
        ({"binData": ""}, "binData: 0 bytes are not a whole number of faces"),
        ({"binData": "a$b="}, "binData: not base64"),
        ({"binData": "é" * 8}, "binData: not base64"),
        ({"binData": b64encode(bytes(4095)).decode()}, "binData: 4095 bytes are not a whole"),
        ({"binData": b64encode(bytes(4096)).decode(), "meta": {"tags": {"dtype": "float32"}}},
         "binData: 4096 bytes are not a whole number of faces: one face has 16384 as float32"),
        ({"binData": b64encode(b"\xff" * 16384).decode(), "meta": {"tags": {"dtype": "float32"}}},
         "binData: pixels must be between 0 and 1: face 0 has nan"),
        ({"binData": "AAAA", "meta": {"tags": {"dtype": "int3"}}}, "meta.tags.dtype: expected"),
        ({"data": {"ndarray": [FACE]}, "meta": {"tags": {"top": 0}}}, "meta.tags.top: expected a"),
        ({"data": {"ndarray": [FACE]}, "meta": {"tags": {"top": True}}}, "meta.tags.top: expected"),
        ({"data": {"ndarray": [FACE]}, "meta": {"tags": {"top": "3"}}}, "meta.tags.top: expected"),
        ({"data": {"ndarray": [FACE]}, "meta": 3}, "meta: expected an object, not a number"),
        ({"data": {"ndarray": [FACE]}, "meta": {"puid": 3}}, "meta.puid: expected 1 to"),
        ({"data": {"ndarray": [FACE]}, "meta": {"puid": 'a"b'}}, "meta.puid: expected 1 to"),
        ({"data": {"ndarray": [FACE]}, "meta": {"puid": "a" * 129}}, "meta.puid: expected 1 to"),
    ],
)  # fmt: skip
def test_the_error_for_a_wrong_body_names_the_field(
    server: ServerSettings, message: object, field: str
) -> None:
    check(send(server, json.dumps(message).encode()), 400, field)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_cannot_represent_are_refused(
    server: ServerSettings, number: float
) -> None:
    body = json.dumps({"data": {"ndarray": [[*FACE[1:], number]]}}).encode()
    check(send(server, body), 400, "body: not JSON")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"{'data': 1}", b'{"data": [0.5,]}'])
def test_malformed_json_is_refused(server: ServerSettings, body: bytes) -> None:
    check(send(server, body), 400, "body: not JSON")
    check(send(server, body, FEEDBACK), 400, "body: not JSON")


def test_wrong_content_types_paths_and_methods_are_refused(server: ServerSettings) -> None:
    body = json.dumps({"data": {"ndarray": [FACE]}}).encode()
    assert send(server, body, kind="application/json; charset=utf-8").status_code == 200
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    compressed = requests.post(server.url + PREDICT, body, headers=headers, timeout=5)
    check(compressed, 415, "Content-Encoding: bodies must not be compressed")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        check(send(server, body, kind=kind), 415, "Content-Type: application/json is required")
    check(
        send(server, body, "/api/v1.0/explanations"),
        404,
        "path: /api/v1.0/explanations does not exist",
    )
    for method, path, allowed in (
        ("GET", PREDICT, "POST"),
        ("PUT", PREDICT, "POST"),
        ("GET", FEEDBACK, "POST"),
        ("POST", "/metadata", "GET, HEAD"),
        ("DELETE", "/prometheus", "GET, HEAD"),
    ):
        response = requests.request(method, server.url + path, timeout=5)
        check(response, 405, f"method: {path} allows only {allowed}")
        assert response.headers["Allow"] == allowed


def test_feedback_needs_a_well_formed_id_and_labels(server: ServerSettings) -> None:
    def feedback(**message: object) -> requests.Response:
        return send(server, json.dumps(message).encode(), FEEDBACK)

    message = {"data": {"ndarray": [FACE, FACE]}, "meta": {"puid": "two"}}
    assert send(server, json.dumps(message).encode()).status_code == 200
    two = {"meta": {"puid": "two"}}
    labels = {"data": {"ndarray": ["ada", "bob"]}}
    assert feedback(response=two, truth=labels).json() == two
    assert feedback(request=two, truth=labels, reward=1).status_code == 200
    check(feedback(truth=labels), 400, "response.meta.puid: expected the id of an earlier request")
    malformed = {"meta": {"puid": 'a"b'}}
    check(feedback(response=malformed, truth=labels), 400, "response.meta.puid: expected the id")
    check(feedback(response=two), 400, "truth: expected data.ndarray with a label")
    for wrong in ([1, 2], [], ["", "bob"], ["a" * 201, "bob"], [["ada"], "bob"]):
        truth = {"data": {"ndarray": wrong}}
        check(
            feedback(response=two, truth=truth),
            400,
            "truth.data.ndarray: expected labels of 1 to 200",
        )
    wrong_truths: list[Any] = [3, [], {}, {"data": []}, {"data": {"tensor": {"values": [1]}}}]
    for wrong_truth in wrong_truths:
        check(feedback(response=two, truth=wrong_truth), 400, "truth")
    for wrong_reward in ("1", True, [1]):
        check(feedback(response=two, truth=labels, reward=wrong_reward), 400, "reward: expected")
    check(feedback(response={"meta": 1}, truth=labels), 400, "response.meta.puid")
    assert feedback(response=two, reward=0.5).json() == two
    assert feedback(response=two, truth={"strData": "ada"}).json() == two
    assert send(server, b"[]", FEEDBACK).status_code == 400


@pytest.mark.parametrize("path", ["/api/v1.0/feedback", "/send-feedback", PREDICT, "/predict"])
@pytest.mark.parametrize("depth", [960, 1023, 5000])
def test_deeply_nested_bodies_are_refused(server: ServerSettings, path: str, depth: int) -> None:
    for body in (
        b'{"truth":' + b"[" * depth + b"]" * depth + b"}",
        b'{"data":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}",
    ):
        assert send(server, body, path).status_code == 400


def test_what_clients_send_is_not_logged(start) -> None:
    server = start(capture=False)
    secret = "Ada Lovelace"
    for path in ("/api/v1.0/feedback", "/api/v0.1/feedback", "/send-feedback", "/predict", PREDICT):
        for message in (
            {"truth": [secret]},
            {"request": {"data": {"ndarray": [FACE]}, "ndarray": [FACE]}, "truth": secret},
            {"data": {"ndarray": [[secret]]}, "meta": {"puid": secret}},
            {secret: secret},
        ):
            assert send(server, json.dumps(message).encode(), path).status_code == 400
        send(server, secret.encode(), path)
        requests.get(f"{server.url}/{secret}", headers={secret.split()[0]: secret}, timeout=5)
    with socket.create_connection((server.host, server.port), timeout=5) as client:
        client.sendall(f"{secret}\r\n\r\n".encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 400")
    log = log_file(Path(server.folder)).read_text()
    assert secret.split()[1] not in log
    assert "0.5, 0.5" not in log
    assert len(log) < 1000


def test_a_body_above_the_limit_is_refused_before_it_is_read(server: ServerSettings) -> None:
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        head = f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        client.sendall(f"{head}Content-Length: 53000000\r\n\r\n".encode() + b"x" * 1000)
        response = HTTPResponse(client)
        response.begin()
        body = response.read()
    assert response.status == 413
    assert b"body: larger than 8000000 bytes" in body
    assert response.headers["Connection"] == "close"


def test_a_chunked_body_is_limited_too(server: ServerSettings) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    headers = {"Content-Type": "application/json"}
    with suppress(requests.ConnectionError):  # the server may close while parts are sent
        response = requests.post(server.url + PREDICT, parts(), headers=headers, timeout=30)
        check(response, 413, "body: larger than 8000000 bytes")
    assert send(server, json.dumps({"data": {"ndarray": [FACE]}}).encode()).status_code == 200


def test_clients_that_never_finish_do_not_block_others(server: ServerSettings) -> None:
    heads = [
        b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Le",
        b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nContent-Length: 40000\r\n\r\n{",
        b"",
    ]
    idle = [socket.create_connection((server.host, server.port)) for _ in range(150)]
    try:
        for number, client in enumerate(idle):
            client.sendall(heads[number % 3])
        start_time = time.perf_counter()
        for _ in range(20):
            response = send(server, json.dumps({"data": {"ndarray": [FACE]}}).encode())
            assert response.status_code == 200
        assert time.perf_counter() - start_time < 5
    finally:
        for client in idle:
            client.close()


def test_slow_clients_are_disconnected(start) -> None:
    server = start(request_timeout_seconds=1)
    body = json.dumps({"data": {"ndarray": [FACE]}}).encode()
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        start_time = time.perf_counter()
        client.sendall(f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\n".encode())
        with suppress(OSError):
            for _ in range(100):
                client.sendall(b"X-More: and more\r\n")
                time.sleep(0.05)
        assert client.recv(100) == b""
        assert 0.5 < time.perf_counter() - start_time < 4
    assert send(server, body).status_code == 200


def test_bytes_that_are_not_http_are_refused(server: ServerSettings) -> None:
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        assert client.recv(100)[:12] in (b"", b"HTTP/1.1 400")


NUMBERS = st.floats(allow_nan=True) | st.integers(-(10**25), 10**25)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
PIXEL: st.SearchStrategy[Any] = st.sampled_from(
    [0, 1, 0.5, -1, 2, "a", None, True, [], [0.5], {}, 1e308, 10**20]
)
ROW = st.builds(
    lambda length, at, pixel: [*FACE[:length][:at], pixel, *FACE[:length][at + 1 :]],
    st.sampled_from([0, 1, 63, 64, 4095, 4096, 4097]), st.integers(0, 4096), PIXEL,
)  # fmt: skip
DATA = (
    st.fixed_dictionaries({"ndarray": st.lists(ROW, max_size=3) | ANY_JSON})
    | st.fixed_dictionaries(
        {"tensor": st.fixed_dictionaries({"shape": st.lists(NUMBERS) | ANY_JSON, "values": ROW})}
    )
    | ANY_JSON
)
META = st.fixed_dictionaries({"puid": st.text(max_size=130) | ANY_JSON, "tags": ANY_JSON})
BINARY = st.binary().map(lambda data: b64encode(data).decode()) | ANY_JSON
TRUTH = ANY_JSON | st.fixed_dictionaries({"data": DATA})
KNOWN = ANY_JSON | st.fixed_dictionaries({"meta": META})
MESSAGE = (
    st.fixed_dictionaries({"data": DATA}, optional={"meta": META | ANY_JSON})
    | st.fixed_dictionaries({"binData": BINARY, "meta": META | ANY_JSON})
    | st.fixed_dictionaries(
        {}, optional={"response": KNOWN, "truth": TRUTH, "request": ANY_JSON, "reward": ANY_JSON}
    )
    | ANY_JSON
)
BODY = MESSAGE.map(lambda message: json.dumps(message).encode()) | st.binary(max_size=200)
PATHS = st.sampled_from([PREDICT, PREDICT, FEEDBACK, "/predict", "/send-feedback"])


@settings(
    max_examples=2_000,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(body=BODY, path=PATHS)
def test_no_request_causes_a_5xx(
    server: ServerSettings, session: requests.Session, body: bytes, path: str
) -> None:
    SENT.append(path)
    response = session.post(
        server.url + path, body, headers={"Content-Type": "application/json"}, timeout=30
    )
    assert response.status_code in (200, 400), (response.status_code, response.text, body[:200])
    assert response.status_code == 200 or response.json()["status"]["info"]


def test_at_least_two_thousand_requests_were_generated() -> None:
    assert len(SENT) >= 2_000
    assert set(SENT) == {PREDICT, FEEDBACK, "/predict", "/send-feedback"}


SENT: list[str] = []
