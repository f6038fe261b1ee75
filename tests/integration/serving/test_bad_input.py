"""Whatever is sent, the answer is a 4xx that names the field, and the server goes on."""

import json
import math
import socket
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPResponse

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faces.client import FEEDBACK, PREDICT
from serving.settings import ServerSettings

FACE = [0.5] * 4096


@pytest.fixture(scope="module", autouse=True)
def still_there(server: ServerSettings) -> Iterator[None]:
    yield
    good = requests.post(server.url + PREDICT, json={"data": {"ndarray": [FACE]}}, timeout=5)
    assert good.status_code == 200


def send(
    server: ServerSettings, body: bytes, path: str = PREDICT, kind: str = "application/json"
) -> requests.Response:
    return requests.post(server.url + path, body, headers={"Content-Type": kind}, timeout=30)


def check(reply: requests.Response, code: int, field: str) -> None:
    assert reply.status_code == code, reply.text
    status = reply.json()["status"]
    assert status["code"] == code
    assert status["status"] == "FAILURE"
    assert status["info"].startswith(field), status["info"]


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ([], "body: an object is needed, not a list"),
        ("text", "body: an object is needed, not text"),
        (None, "body: an object is needed, not null"),
        ({}, "body: data or binData is missing"),
        ({"data": None}, "data: an object is needed, not null"),
        ({"data": [FACE]}, "data: an object is needed, not a list"),
        ({"data": {}}, "data: ndarray or tensor is missing"),
        ({"data": {"ndarray": None}}, "data.ndarray: a list of faces is needed, not null"),
        ({"data": {"ndarray": []}}, "data.ndarray: it is empty"),
        ({"data": {"ndarray": [[]]}}, "data.ndarray[0]: 4096 numbers"),
        ({"data": {"ndarray": FACE}}, "data.ndarray[0]: a list of numbers is needed"),
        ({"data": {"ndarray": [FACE, FACE[1:]]}}, "data.ndarray[1]: 4096 numbers"),
        ({"data": {"ndarray": [FACE, None]}}, "data.ndarray[1]: a list of numbers is needed"),
        ({"data": {"ndarray": [[*FACE[1:], "x"]]}}, "data.ndarray: only numbers"),
        ({"data": {"ndarray": [[*FACE[1:], None]]}}, "data.ndarray: only numbers"),
        ({"data": {"ndarray": [[*FACE[1:], True]]}}, "data.ndarray: only numbers"),
        ({"data": {"ndarray": [[*FACE[1:], [0.5]]]}}, "data.ndarray: lists are nested"),
        ({"data": {"ndarray": [[*FACE[2:], [], [0.5, 0.5]]]}}, "data.ndarray: lists are nested"),
        ({"data": {"ndarray": [[FACE[:64]] * 63]}}, "data.ndarray[0]: 4096 numbers"),
        ({"data": {"ndarray": [[FACE[:64]] * 63 + [FACE[:63]]]}}, "data.ndarray[0]: 4096"),
        ({"data": {"ndarray": [[*FACE[1:], 1.1]]}}, "data.ndarray: pixels are numbers from 0 to 1"),
        ({"data": {"ndarray": [[*FACE[1:], -0.1]]}}, "data.ndarray: pixels are numbers from"),
        ({"data": {"ndarray": [[*FACE[1:], 1e300]]}}, "data.ndarray: pixels are numbers from"),
        ({"data": {"ndarray": [[*FACE[1:], 10**30]]}}, "body: not JSON"),
        ({"data": {"tensor": None}}, "data.tensor: an object with shape and values"),
        ({"data": {"tensor": {"values": FACE}}}, "data.tensor.shape: a list of numbers"),
        ({"data": {"tensor": {"shape": [1, 4096]}}}, "data.tensor.values: a list of numbers"),
        ({"data": {"tensor": {"shape": [2, 4096], "values": FACE}}}, "data.tensor.values: 4096"),
        ({"data": {"tensor": {"shape": [4096], "values": FACE}}}, "data.tensor.shape: [faces"),
        ({"data": {"tensor": {"shape": [1.0, 4096], "values": FACE}}}, "data.tensor.shape"),
        ({"data": {"tensor": {"shape": [-1, 4096], "values": FACE}}}, "data.tensor.values"),
        ({"data": {"tensor": {"shape": [0, 4096], "values": []}}}, "data.tensor.values: 0"),
        ({"data": {"tensor": {"shape": [1, 4096], "values": [FACE]}}}, "data.tensor.values: lists"),
        ({"data": {"tensor": {"shape": [1, 4096], "values": ["a"]}}}, "data.tensor.values: only"),
        ({"binData": None}, "binData: base64 is needed, not null"),
        ({"binData": ""}, "binData: 0 bytes are no number of faces"),
        ({"binData": "a$b="}, "binData: not base64"),
        ({"binData": "é" * 8}, "binData: not base64"),
        ({"binData": b64encode(bytes(4095)).decode()}, "binData: 4095 bytes are no number"),
        ({"binData": b64encode(bytes(4096)).decode(), "meta": {"tags": {"dtype": "float32"}}},
         "binData: 4096 bytes are no number of faces: one has 16384 as float32"),
        ({"binData": b64encode(b"\xff" * 16384).decode(), "meta": {"tags": {"dtype": "float32"}}},
         "binData: pixels are numbers from 0 to 1: face 0 has nan"),
        ({"binData": "AAAA", "meta": {"tags": {"dtype": "int3"}}}, "meta.tags.dtype: one of"),
        ({"data": {"ndarray": [FACE]}, "meta": 3}, "meta: an object is needed, not a number"),
        ({"data": {"ndarray": [FACE]}, "meta": {"puid": 3}}, "meta.puid: 1 to 128 letters"),
        ({"data": {"ndarray": [FACE]}, "meta": {"puid": 'a"b'}}, "meta.puid: 1 to 128 letters"),
        ({"data": {"ndarray": [FACE]}, "meta": {"puid": "a" * 129}}, "meta.puid: 1 to 128 letters"),
    ],
)  # fmt: skip
def test_a_wrong_body_names_the_field(server: ServerSettings, message: object, field: str) -> None:
    check(send(server, json.dumps(message).encode()), 400, field)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_does_not_have(server: ServerSettings, number: float) -> None:
    body = json.dumps({"data": {"ndarray": [[*FACE[1:], number]]}}).encode()
    check(send(server, body), 400, "body: not JSON")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"{'data': 1}", b'{"data": [0.5,]}'])
def test_malformed_json(server: ServerSettings, body: bytes) -> None:
    check(send(server, body), 400, "body: not JSON")
    check(send(server, body, FEEDBACK), 400, "body: not JSON")


def test_content_type_path_and_method(server: ServerSettings) -> None:
    good = json.dumps({"data": {"ndarray": [FACE]}}).encode()
    assert send(server, good, kind="application/json; charset=utf-8").status_code == 200
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        check(send(server, good, kind=kind), 415, "Content-Type: application/json is needed")
    check(send(server, good, "/api/v1.0/explanations"), 404, "path: there is nothing at")
    for method, path, allowed in (
        ("GET", PREDICT, "POST"),
        ("PUT", PREDICT, "POST"),
        ("GET", FEEDBACK, "POST"),
        ("POST", "/metadata", "GET"),
        ("DELETE", "/prometheus", "GET"),
    ):
        reply = requests.request(method, server.url + path, timeout=5)
        check(reply, 405, f"method: {path} takes {allowed}")
        assert reply.headers["Allow"] == allowed


def test_feedback_needs_a_known_request_and_a_name_for_each_face(server: ServerSettings) -> None:
    def tell(**message: object) -> requests.Response:
        return send(server, json.dumps(message).encode(), FEEDBACK)

    asked = {"data": {"ndarray": [FACE, FACE]}, "meta": {"puid": "two"}}
    assert send(server, json.dumps(asked).encode()).status_code == 200
    two = {"meta": {"puid": "two"}}
    good = {"data": {"ndarray": ["ada", "bob"]}}
    assert tell(response=two, truth=good).json() == two
    assert tell(request=two, truth=good, reward=1).status_code == 200
    unknown = {"meta": {"puid": "three"}}
    check(tell(response=unknown, truth=good), 404, "response.meta.puid: no request has the id")
    check(tell(truth=good), 400, "response.meta.puid: the id of an earlier request is needed")
    check(tell(response=two), 400, "truth: data.ndarray with the name on each face")
    check(tell(response=two, truth={"strData": "ada"}), 400, "truth: 1 names for the 2 faces")
    for names in ([1, 2], [], ["", "bob"], ["a" * 201, "bob"], [["ada"], "bob"]):
        bad_request = {"data": {"ndarray": names}}
        check(tell(response=two, truth=bad_request), 400, "truth.data.ndarray: names of 1 to 200")
    assert tell(response=two, truth=3).status_code == 400
    assert send(server, b"[]", FEEDBACK).status_code == 400


def test_a_body_over_the_limit_is_refused_before_it_is_read(server: ServerSettings) -> None:
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        head = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        client.sendall(f"{head}Content-Length: 53000000\r\n\r\n".encode() + b"x" * 1000)
        answer = HTTPResponse(client)
        answer.begin()
        body = answer.read()
    assert answer.status == 413
    assert b"body: at most 8000000 bytes are taken" in body
    assert answer.headers["Connection"] == "close"


def test_a_body_in_chunks_is_limited_too(server: ServerSettings) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    headers = {"Content-Type": "application/json"}
    with suppress(requests.ConnectionError):  # it may be closed while we are still sending
        reply = requests.post(server.url + PREDICT, parts(), headers=headers, timeout=30)
        check(reply, 413, "body: at most 8000000 bytes are taken")
    assert send(server, json.dumps({"data": {"ndarray": [FACE]}}).encode()).status_code == 200


def test_clients_that_never_finish_block_nobody(server: ServerSettings) -> None:
    heads = [
        b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Le",
        b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 40000\r\n\r\n{",
        b"",
    ]
    idle = [socket.create_connection((server.host, server.port)) for _ in range(150)]
    try:
        for number, client in enumerate(idle):
            client.sendall(heads[number % 3])
        begin = time.perf_counter()
        for _ in range(20):
            reply = send(server, json.dumps({"data": {"ndarray": [FACE]}}).encode())
            assert reply.status_code == 200
        assert time.perf_counter() - begin < 5
    finally:
        for client in idle:
            client.close()


def test_clients_that_take_too_long_are_hung_up_on(start) -> None:
    impatient = start(request_timeout_seconds=1)
    body = json.dumps({"data": {"ndarray": [FACE]}}).encode()
    with socket.create_connection((impatient.host, impatient.port), timeout=10) as client:
        begin = time.perf_counter()
        client.sendall(f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\n".encode())
        with suppress(OSError):
            for _ in range(100):
                client.sendall(b"X-More: and more\r\n")
                time.sleep(0.05)
        assert client.recv(100) == b""
        assert 0.5 < time.perf_counter() - begin < 4
    assert send(impatient, body).status_code == 200


def test_what_is_not_http_is_refused(server: ServerSettings) -> None:
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        assert client.recv(100)[:12] in (b"", b"HTTP/1.1 400")


NUMBERS = st.floats(allow_nan=True) | st.integers(-(10**25), 10**25)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
PIXEL = st.sampled_from([0, 1, 0.5, -1, 2, "a", None, True, [], [0.5], {}, 1e308, 10**20])
ROW = st.builds(
    lambda length, at, what: [*FACE[:length][:at], what, *FACE[:length][at + 1 :]],
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
def test_nothing_that_is_sent_makes_a_5xx(server: ServerSettings, body: bytes, path: str) -> None:
    SENT.append(path)
    reply = SESSION.post(
        server.url + path, body, headers={"Content-Type": "application/json"}, timeout=30
    )
    assert reply.status_code in (200, 400, 404), (reply.status_code, reply.text, body[:200])
    assert reply.status_code == 200 or reply.json()["status"]["info"]


def test_that_were_two_thousand() -> None:
    assert len(SENT) >= 2_000
    assert set(SENT) == {PREDICT, FEEDBACK, "/predict", "/send-feedback"}


SESSION = requests.Session()
SENT: list[str] = []
