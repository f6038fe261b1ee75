"""A model of more than 1,000 people: answers, captured requests and metrics stay small."""

import base64
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from faces.client import send_faces
from faces.drift.captured_requests import read_captured_requests
from faces.runtime.portable import PortableModel
from serving.capture.reader import read_files
from serving.settings import ServerSettings
from tests.integration.serving.conftest import Start

PEOPLE, FEATURES = 70_000, 64
FACES = np.random.default_rng(0).integers(0, 256, (2, 4096), np.uint8)


@pytest.fixture(scope="module")
def model() -> PortableModel:
    rng = np.random.default_rng(0)
    layers = [rng.normal(0, 0.02, shape) for shape in ((4096, FEATURES), (FEATURES, PEOPLE))]
    operators: list[Any] = [
        ("affine", {"weights": np.asarray(w, np.float32), "offset": np.zeros(w.shape[1], "f4")})
        for w in layers
    ]
    names = np.array([f"{number:05d}" for number in range(PEOPLE)])
    return PortableModel([*operators, ("softmax", {})], names, {}, rejection_threshold=-100.0)


@pytest.fixture(scope="module")
def server(start: Start, model: PortableModel) -> ServerSettings:
    return start(model=model)


def answer_of(server: ServerSettings, faces: np.ndarray, **tags: Any) -> Any:
    encoded = base64.b64encode(faces.tobytes()).decode()
    message: dict[str, Any] = {"binData": encoded, "meta": {"tags": tags}}
    return requests.post(f"{server.url}/api/v1.0/predictions", json=message, timeout=20)


def test_an_answer_has_the_ten_most_probable_people_unless_more_are_asked_for(
    server: ServerSettings, model: PortableModel
) -> None:
    expected = model.predict_proba(FACES[:1] / np.float32(255))[0]
    best = np.argsort(-expected)[:10]
    answer = send_faces(server.url, FACES[:1] / 255)
    assert answer.classes == model.classes[best].tolist()
    assert np.allclose(answer.probabilities[0], expected[best], rtol=1e-3)
    assert answer.predicted == [answer.classes[0]]
    everybody = answer_of(server, FACES[:1], top=PEOPLE).json()["data"]
    assert everybody["names"] == model.classes.tolist()


def test_a_v2_client_has_to_ask_for_the_probabilities_of_all(server: ServerSettings) -> None:
    tensor = {"name": "pixels", "datatype": "UINT8", "shape": [1, 4096], "data": FACES[0].tolist()}
    address = f"{server.url}/v2/models/faces-under-test/infer"
    for outputs, expected in (
        ({}, ["person", "confidence", "score"]),
        ({"outputs": [{"name": "probabilities"}]}, ["probabilities"]),
    ):
        answer = requests.post(address, json={"inputs": [tensor], **outputs}, timeout=20).json()
        assert [output["name"] for output in answer["outputs"]] == expected


def test_a_request_with_too_many_faces_is_refused(server: ServerSettings) -> None:
    answer = answer_of(server, np.zeros((240, 4096), np.uint8))
    assert answer.status_code == 413
    assert "240 faces; with 70000 people a request may have 239" in answer.json()["error"]


def test_captured_requests_and_metrics_are_small(
    server: ServerSettings, model: PortableModel
) -> None:
    answer = answer_of(server, FACES, top=1).json()
    files = list(read_files([str(server.capture_folder)]))
    table = read_captured_requests(files).table
    captured = table[table["request"] == answer["meta"]["puid"]]
    assert captured["predicted"].tolist() == answer["meta"]["tags"]["person"]
    assert {len(row) for row in captured["probabilities"]} == {10}
    metrics = requests.get(f"{server.url}/prometheus", timeout=5).text
    people = set(re.findall(r'faces_predictions_total\{person="(.*?)"\}', metrics))
    assert people <= {"", "unknown"}
    assert "" in people


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux")
def test_workers_share_the_weights(server: ServerSettings) -> None:
    (file,) = (Path(server.folder) / "models").glob("*.npz")
    mapping = 0
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with suppress(OSError):
            mapping += str(file) in maps.read_text()
    assert mapping >= server.workers
