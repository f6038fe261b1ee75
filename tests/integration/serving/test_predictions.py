"""The endpoint's predictions, over HTTP."""

import json
import re
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from sklearn.pipeline import Pipeline

from components.deployers.seldon_local.server_log import read_log
from faces.client import PREDICT, count_faces, send_faces
from faces.data.dataset import Faces
from faces.drift.captured_requests import read_captured_requests
from faces.models.face_check import fit_face_check
from faces.runtime.portable import UNKNOWN, PortableModel
from serving.capture.reader import read_files
from serving.settings import ServerSettings

Message = dict[str, Any]


def post(server: ServerSettings, message: Message, path: str = PREDICT) -> requests.Response:
    return requests.post(server.url + path, json=message, timeout=30)


def metrics_of(server: ServerSettings) -> dict[str, float]:
    text = requests.get(f"{server.url}/prometheus", timeout=5).text
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def test_predictions_match_the_trained_model(
    server: ServerSettings, fitted: Pipeline, drawn: Faces
) -> None:
    answer = send_faces(server.url, drawn.pixels)
    assert answer.classes == drawn.identities
    assert answer.predicted == fitted.predict(drawn.pixels).tolist()
    assert np.abs(answer.probabilities - fitted.predict_proba(drawn.pixels)).max() < 1e-5
    assert answer.version == "1"


def test_a_response_contains_identity_confidence_and_version(
    server: ServerSettings, fitted: Pipeline, face: list[float]
) -> None:
    response = post(server, {"data": {"ndarray": [face]}, "meta": {"puid": "my-own:id"}}).json()
    assert response["meta"]["puid"] == "my-own:id"
    tags = response["meta"]["tags"]
    assert tags["person"] == fitted.predict([face]).tolist()
    assert tags["confidence"] == [pytest.approx(max(response["data"]["ndarray"][0]), abs=1e-6)]
    assert (tags["model_version"], tags["data_version"]) == ("1", "abc")
    first, second = (post(server, {"data": {"ndarray": [face]}}).json() for _ in range(2))
    assert len(first["meta"]["puid"]) == 32
    assert first["meta"]["puid"] != second["meta"]["puid"]


def test_all_formats_of_the_same_face_have_the_same_answer(
    server: ServerSettings, face: list[float]
) -> None:
    square = np.reshape(face, (64, 64)).tolist()
    raw = b64encode(np.array(face, "<f4").tobytes()).decode()
    forms: list[Message] = [
        {"data": {"ndarray": [face]}},
        {"data": {"ndarray": [square]}},
        {"data": {"names": ["a [name]"], "ndarray": [face]}},
        {"data": {"tensor": {"shape": [1, 4096], "values": face}}},
        {"data": {"tensor": {"shape": [1, 64, 64], "values": face}}},
        {"binData": raw, "meta": {"tags": {"dtype": "float32"}}},
    ]
    answers = []
    for form in forms:
        response = post(server, form)
        assert response.status_code == 200, response.text
        data = response.json()["data"]
        if "tensor" in data:
            assert data["tensor"]["shape"] == [1, 12]
        answers.append(data["tensor"]["values"] if "tensor" in data else data["ndarray"][0])
    assert all(answer == answers[0] for answer in answers)


def test_a_request_as_bytes_may_contain_many_faces(
    server: ServerSettings, fitted: Pipeline, drawn: Faces
) -> None:
    pixels = (drawn.pixels[:5] * 255).round().astype(np.uint8)
    response = post(server, {"binData": b64encode(pixels.tobytes()).decode()}).json()
    expected = fitted.predict_proba(pixels / np.float32(255))
    assert np.abs(np.array(response["data"]["ndarray"]) - expected).max() < 1e-5


def test_an_answer_may_be_limited_to_the_most_probable_people(
    server: ServerSettings, drawn: Faces
) -> None:
    faces = drawn.pixels[:3].astype(float).tolist()
    everybody = post(server, {"data": {"ndarray": faces}}).json()["data"]
    full, names = np.array(everybody["ndarray"]), np.array(everybody["names"])
    for count, tensor in ((1, False), (3, False), (3, True)):
        shape = {"shape": [count, 4096], "values": np.ravel(faces[:count]).tolist()}
        data = {"tensor": shape} if tensor else {"ndarray": faces[:count]}
        answer = post(server, {"data": data, "meta": {"tags": {"top": 2}}}).json()["data"]
        best = {name for row in full[:count] for name in names[np.argsort(row)[-2:]]}
        assert set(answer["names"]) == best
        values = answer["tensor"]["values"] if tensor else np.ravel(answer["ndarray"])
        columns = [names.tolist().index(name) for name in answer["names"]]
        assert np.allclose(np.reshape(values, (count, -1)), full[:count, columns], atol=1e-6)
    one = post(server, {"data": {"ndarray": faces[:1]}, "meta": {"tags": {"top": 5}}}).json()
    assert np.allclose(one["data"]["ndarray"][0], sorted(full[0], reverse=True)[:5], atol=1e-6)
    all_of_them = {"data": {"ndarray": faces}, "meta": {"tags": {"top": 99}}}
    assert post(server, all_of_them).json()["data"] == everybody


def test_seldons_application_returns_the_same_bytes(
    server: ServerSettings, face: list[float]
) -> None:
    """`/predict` goes through Seldon's Flask application, /api/v1.0/predictions bypasses it."""
    message: Message = {"data": {"ndarray": [face]}, "meta": {"puid": "twice"}}
    direct, flask = post(server, message), post(server, message, "/predict")
    assert direct.content == flask.content
    malformed: Message = {"data": {"ndarray": [face[:-1]]}}
    direct, flask = post(server, malformed), post(server, malformed, "/predict")
    assert (direct.status_code, direct.json()) == (flask.status_code, flask.json())


def test_paths_with_the_prefix_of_seldons_ingress_are_served(
    server: ServerSettings, face: list[float]
) -> None:
    prefix = "/seldon/models/face-recognizer"
    message: Message = {"data": {"ndarray": [face]}}
    assert post(server, message, prefix + PREDICT).json()["data"]["names"]
    assert post(server, message, "/api/v0.1/predictions").status_code == 200
    assert requests.get(f"{server.url}{prefix}/health/ping", timeout=5).text == "pong"
    assert post(server, message, "/seldon/predictions").status_code == 404


def test_health_metadata_and_openapi_are_served(server: ServerSettings, drawn: Faces) -> None:
    def get(path: str) -> requests.Response:
        return requests.get(server.url + path, timeout=5)

    assert get("/health/status").json()["meta"]["tags"] == {"model_version": "1", "status": "ok"}
    metadata = get("/metadata").json()
    assert (metadata["name"], metadata["versions"]) == ("faces-under-test", ["1"])
    assert metadata["outputs"][0]["schema"]["names"] == drawn.identities
    assert metadata["custom"]["data_version"] == "abc"
    assert get("/openapi.json").json()["openapi"].startswith("3.")
    assert get("/seldon.json").json() == get("/openapi.json").json()
    page = get("/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "POST /v2/models/faces-under-test/infer" in page.text
    assert "://" not in page.text


def test_head_requests_have_the_headers_of_get_and_no_body(server: ServerSettings) -> None:
    with requests.Session() as session:  # a body would break the next response on the connection
        for path in ("/health/ping", "/health/status", "/metadata", "/v2/health/ready"):
            head, get = session.head(server.url + path), session.get(server.url + path)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["Content-Length"] == str(len(get.content))
        assert session.head(server.url + PREDICT).status_code == 405


def test_a_server_that_cannot_capture_is_alive_but_not_ready(start, face: list[float]) -> None:
    server = start(rotate_seconds=0)
    assert post(server, {"data": {"ndarray": [face]}}).status_code == 200
    folder = server.capture_folder
    folder.rename(folder.with_name("elsewhere"))
    folder.write_text("not a folder")
    try:
        assert post(server, {"data": {"ndarray": [face]}}).status_code == 503
        assert requests.get(f"{server.url}/v2/health/ready", timeout=5).status_code == 503
        status = requests.get(f"{server.url}/health/status", timeout=5)
        assert status.status_code == 503
        assert status.json()["meta"]["tags"]["reason"].startswith("requests cannot be captured: ")
        assert requests.get(f"{server.url}/health/ping", timeout=5).text == "pong"
        assert requests.get(f"{server.url}/v2/health/live", timeout=5).status_code == 200
    finally:
        folder.unlink()
        folder.with_name("elsewhere").rename(folder)
    assert post(server, {"data": {"ndarray": [face]}}).status_code == 200
    assert requests.get(f"{server.url}/health/status", timeout=5).status_code == 200


@pytest.mark.parametrize("workers", [1, 2])
def test_prometheus_counts_requests_and_predictions(start, face: list[float], workers: int) -> None:
    server = start(workers=workers)
    for _ in range(20):
        assert post(server, {"data": {"ndarray": [face]}}).status_code == 200
    post(server, {})
    lines = metrics_of(server)
    counts = [v for k, v in lines.items() if k.startswith("faces_predictions_total")]
    assert sum(counts) == 20
    assert lines['faces_requests_total{code="400"}'] == 1
    assert lines["faces_confidence_count"] == 20
    assert lines['faces_latency_seconds_count{kind="predict"}'] == 21
    assert lines['faces_model{version="1"}'] >= 1


def test_prometheus_counts_rejected_faces_as_unknown(
    start, portable: PortableModel, drawn: Faces
) -> None:
    threshold = float(np.median(portable.predict_with_score(drawn.pixels)[1]))
    server = start(model=replace(portable, rejection_threshold=threshold))
    answer = send_faces(server.url, drawn.pixels)
    rejected = answer.predicted.count(UNKNOWN)
    assert 0 < rejected < len(drawn)
    assert metrics_of(server)['faces_predictions_total{person="unknown"}'] == rejected
    assert count_faces(server.url) == len(drawn)


def test_a_model_without_a_threshold_answers_unknown_to_what_is_not_a_face(
    start, portable: PortableModel, drawn: Faces
) -> None:
    check = fit_face_check(drawn.pixels, drawn.labels)
    assert portable.rejection_threshold is None
    server = start(model=replace(portable, face_check=check))
    noise = np.random.default_rng(0).random((20, 4096))
    assert send_faces(server.url, noise).predicted.count(UNKNOWN) >= 19
    assert send_faces(server.url, drawn.pixels[:50]).predicted.count(UNKNOWN) <= 1
    assert metrics_of(server)['faces_predictions_total{person="unknown"}'] >= 19


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 200),
        ({"Host": "localhost:9000"}, 200),
        ({"Host": "[::1]:9000"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 421),
        ({"Host": "localhost:9000", "Origin": "http://localhost:9000"}, 200),
        ({"Host": "localhost:9000", "Origin": "http://localhost:8000"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://example.org"}, 403),
    ],
)
def test_pages_of_other_origins_are_refused(
    server: ServerSettings, headers: dict[str, str], code: int
) -> None:
    for path in ("/metadata", "/health/ping"):
        response = requests.get(server.url + path, headers=headers, timeout=5)
        assert response.status_code == code
    form = {"json": json.dumps({"data": {"ndarray": [[0.5] * 4096]}})}
    response = requests.post(f"{server.url}/predict", form, headers=headers, timeout=5)
    assert response.status_code == code


def test_responses_do_not_admit_pages_of_other_origins(server: ServerSettings) -> None:
    response = requests.get(
        f"{server.url}/health/status", headers={"Origin": server.url}, timeout=5
    )
    assert response.ok
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


def test_the_access_log_has_no_content(start, face: list[float]) -> None:
    server = start(access_log=True)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    message: Message = {"data": {"ndarray": [face]}, "meta": {"puid": "a-name"}}
    requests.post(server.url + PREDICT, json=message, headers=headers, timeout=5)
    requests.get(f"{server.url}/a-name", headers={"traceparent": "a-name"}, timeout=5)
    lines = [line.split(" INFO ")[1] for line in read_log(Path(server.folder)) if " ms" in line]
    assert re.fullmatch(rf"predict 200 \d+ bytes [\d.]+ ms trace {trace}", lines[-2])
    assert re.fullmatch(r"other 404 \d+ bytes [\d.]+ ms", lines[-1])


def test_a_share_of_the_requests_is_captured(start, face: list[float]) -> None:
    server = start(sampling_rate=0.5)
    for _ in range(60):
        assert post(server, {"data": {"ndarray": [face]}}).status_code == 200
    captured = read_captured_requests(read_files([str(server.capture_folder)])).table
    assert 10 < len(captured) < 50


def test_messages_can_be_sent_as_forms_and_in_the_query(
    server: ServerSettings, face: list[float]
) -> None:
    """As Seldon's wrapper accepts them, on its internal paths."""
    grey: bytes = (np.array(face) * 255).round().astype(np.uint8).tobytes()
    message = {"binData": b64encode(grey).decode(), "meta": {"puid": "form"}}
    expected = post(server, message).json()
    url, meta = f"{server.url}/predict", json.dumps(message["meta"])
    for response in (
        requests.get(url, {"json": json.dumps(message)}, timeout=5),
        requests.post(url, {"json": json.dumps(message)}, timeout=5),
        requests.post(url, {"meta": meta}, files={"binData": grey}, timeout=5),
        requests.post(url, {"meta": meta}, files={"binData": ("\r\n", grey)}, timeout=5),
    ):
        assert response.json() == expected
    feedback = {"response": {"meta": {"puid": "form"}}, "truth": {"strData": "ada"}}
    url, files = (
        f"{server.url}/send-feedback",
        {k: (None, json.dumps(v)) for k, v in feedback.items()},
    )
    assert requests.post(url, files=files, timeout=5).json() == {"meta": {"puid": "form"}}
    query = {"json": json.dumps(feedback)}
    assert requests.get(url, query, timeout=5).json() == {"meta": {"puid": "form"}}
    for site, status in (("same-origin", 200), ("same-site", 403), ("cross-site", 403)):
        headers = {"Sec-Fetch-Site": site}
        assert requests.get(url, query, headers=headers, timeout=5).status_code == status


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"--B--", "body"),
        (b"--B\r\n--B--", "body"),
        (b"--B\r\n\r\n1\r\n--B--", "body"),
        (b'--B\r\nX: form-data; name="data"\r\n\r\n{}\r\n--B', "body"),
        (b'--B\r\nX: form-data; name="data"\r\n\r\n{\r\n--B--', "data"),
        (b'--B\r\nX: form-data; name="data"\r\n\r\n{}\r\n' * 2 + b"--B--", "body"),
        (b'--B\r\nX: form-data; name="data"\r\n\r\n{}\r\n--B--', "data: ndarray"),
        (b"--B\r\n" * 100 + b"--B--", "body"),
    ],
)
def test_a_malformed_multipart_form_is_refused(
    server: ServerSettings, body: bytes, field: str
) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    response = requests.post(f"{server.url}/predict", body, headers=headers, timeout=5)
    assert response.status_code == 400
    assert response.json()["status"]["info"].startswith(field)


def test_malformed_queries_are_refused(server: ServerSettings) -> None:
    for query in ("", "?", "?json", "?json=1&json=2", "?data=1", "?json={"):
        response = requests.get(f"{server.url}/predict{query}", timeout=5)
        assert response.status_code == 400, query
    headers = {"Content-Type": "multipart/form-data"}
    response = requests.post(f"{server.url}/predict", b"x", headers=headers, timeout=5)
    assert response.json()["status"]["info"].startswith("Content-Type: the boundary")
