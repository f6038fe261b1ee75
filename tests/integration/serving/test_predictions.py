"""What the endpoint answers, over HTTP."""

from base64 import b64encode

import numpy as np
import pytest
import requests
from sklearn.pipeline import Pipeline

from faces.client import PREDICT, send_faces
from faces.data.dataset import Faces
from serving.settings import ServerSettings

Message = dict[str, object]


def ask(server: ServerSettings, message: Message, path: str = PREDICT) -> requests.Response:
    return requests.post(server.url + path, json=message, timeout=30)


def test_it_answers_as_the_trained_model_does(
    server: ServerSettings, fitted: Pipeline, drawn: Faces
) -> None:
    answer = send_faces(server.url, drawn.pixels)
    assert answer.names == drawn.identities
    assert np.abs(answer.probabilities - fitted.predict_proba(drawn.pixels)).max() < 1e-5
    assert answer.version == "1"


def test_an_answer_says_who_how_sure_and_by_which_model(
    server: ServerSettings, fitted: Pipeline, face: list[float]
) -> None:
    told = ask(server, {"data": {"ndarray": [face]}, "meta": {"puid": "my-own:id"}}).json()
    assert told["meta"]["puid"] == "my-own:id"
    tags = told["meta"]["tags"]
    assert tags["person"] == fitted.predict([face]).tolist()
    assert tags["confidence"] == [pytest.approx(max(told["data"]["ndarray"][0]), abs=1e-6)]
    assert (tags["model_version"], tags["data_version"]) == ("1", "abc")
    first, second = (ask(server, {"data": {"ndarray": [face]}}).json() for _ in range(2))
    assert len(first["meta"]["puid"]) == 32
    assert first["meta"]["puid"] != second["meta"]["puid"]


def test_every_form_of_the_same_face_gets_the_same_answer(
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
        reply = ask(server, form)
        assert reply.status_code == 200, reply.text
        data = reply.json()["data"]
        if "tensor" in data:
            assert data["tensor"]["shape"] == [1, 12]
        answers.append(data["tensor"]["values"] if "tensor" in data else data["ndarray"][0])
    assert all(answer == answers[0] for answer in answers)


def test_bytes_are_many_faces(server: ServerSettings, fitted: Pipeline, drawn: Faces) -> None:
    pixels = (drawn.pixels[:5] * 255).round().astype(np.uint8)
    told = ask(server, {"binData": b64encode(pixels.tobytes()).decode()}).json()
    own = fitted.predict_proba(pixels / np.float32(255))
    assert np.abs(np.array(told["data"]["ndarray"]) - own).max() < 1e-5


def test_seldons_own_application_gives_the_same_bytes(
    server: ServerSettings, face: list[float]
) -> None:
    """`/predict` goes through Seldon's Flask application, /api/v1.0/predictions past it."""
    message: Message = {"data": {"ndarray": [face]}, "meta": {"puid": "twice"}}
    bare, flask = ask(server, message), ask(server, message, "/predict")
    assert bare.content == flask.content
    bad_request: Message = {"data": {"ndarray": [face[:-1]]}}
    bare, flask = ask(server, bad_request), ask(server, bad_request, "/predict")
    assert (bare.status_code, bare.json()) == (flask.status_code, flask.json())


def test_paths_as_the_ingress_of_a_cluster_gives_them(
    server: ServerSettings, face: list[float]
) -> None:
    prefix = "/seldon/models/face-recognizer"
    message: Message = {"data": {"ndarray": [face]}}
    assert ask(server, message, prefix + PREDICT).json()["data"]["names"]
    assert ask(server, message, "/api/v0.1/predictions").status_code == 200
    assert requests.get(f"{server.url}{prefix}/health/ping", timeout=5).text == "pong"
    assert ask(server, message, "/seldon/predictions").status_code == 404


def test_health_metadata_and_description(server: ServerSettings, drawn: Faces) -> None:
    def get(path: str) -> requests.Response:
        return requests.get(server.url + path, timeout=5)

    assert get("/health/status").json()["meta"]["tags"] == {"model_version": "1", "status": "ok"}
    metadata = get("/metadata").json()
    assert (metadata["name"], metadata["versions"]) == ("faces-under-test", ["1"])
    assert metadata["outputs"][0]["schema"]["names"] == drawn.identities
    assert metadata["custom"]["data_version"] == "abc"
    assert get("/seldon.json").json()["openapi"].startswith("3.")


@pytest.mark.parametrize("workers", [1, 2])
def test_prometheus_counts_what_was_answered(start, face: list[float], workers: int) -> None:
    server = start(workers=workers)
    for _ in range(20):
        assert ask(server, {"data": {"ndarray": [face]}}).status_code == 200
    ask(server, {})
    told = requests.get(f"{server.url}/prometheus", timeout=5).text
    lines = dict(line.rsplit(" ", 1) for line in told.splitlines() if not line.startswith("#"))
    people = [float(v) for k, v in lines.items() if k.startswith("faces_predictions_total")]
    assert sum(people) == 20
    assert float(lines['faces_requests_total{code="400"}']) == 1
    assert float(lines["faces_confidence_count"]) == 20
    assert float(lines["faces_latency_seconds_count"]) >= 21
    assert float(lines['faces_model{version="1"}']) >= 1


def test_no_page_of_another_origin_is_invited(server: ServerSettings) -> None:
    reply = requests.get(
        f"{server.url}/health/status", headers={"Origin": "http://example.org"}, timeout=5
    )
    assert not [name for name in reply.headers if name.lower().startswith("access-control")]
