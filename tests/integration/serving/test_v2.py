"""The Open Inference Protocol."""

import json
import struct
from typing import Any

import numpy as np
import pytest
import requests
from sklearn.pipeline import Pipeline

from faces.data.dataset import Faces
from serving.settings import ServerSettings

MODEL = "/v2/models/faces-under-test"
FACE = [0.5] * 4096


def infer(server: ServerSettings, message: Any, path: str = f"{MODEL}/infer") -> requests.Response:
    return requests.post(server.url + path, json=message, timeout=5)


def message(pixels: Any, datatype: str = "FP32", **more: Any) -> dict[str, Any]:
    values = np.asarray(pixels)
    tensor = {
        "name": "pixels",
        "datatype": datatype,
        "shape": list(values.shape),
        "data": values.ravel().tolist(),
    }
    return {"inputs": [tensor], **more}


def test_predictions_match_the_trained_model(
    server: ServerSettings, fitted: Pipeline, drawn: Faces
) -> None:
    answer = infer(server, message(drawn.pixels[:3], id="three")).json()
    assert (answer["model_name"], answer["model_version"]) == ("faces-under-test", "1")
    assert answer["id"] == "three"
    outputs = {output["name"]: output for output in answer["outputs"]}
    assert list(outputs) == ["probabilities", "person", "confidence", "score"]
    expected = fitted.predict_proba(drawn.pixels[:3])
    probabilities = np.reshape(outputs["probabilities"]["data"], outputs["probabilities"]["shape"])
    assert np.abs(probabilities - expected).max() < 1e-5
    assert outputs["person"]["data"] == fitted.predict(drawn.pixels[:3]).tolist()
    assert np.allclose(outputs["confidence"]["data"], expected.max(axis=1), atol=1e-5)


def test_all_data_types_shapes_and_paths_have_the_same_answer(
    server: ServerSettings, drawn: Faces
) -> None:
    pixels = (drawn.pixels[:1] * 255).round()
    messages = [
        message(pixels / 255),
        message((pixels / 255).reshape(1, 64, 64)),
        message(pixels / 255, "FP64"),
        message(pixels.astype(int), "UINT8"),
    ]
    nested = message(pixels / 255)
    nested["inputs"][0]["data"] = (pixels / 255).tolist()
    responses = [infer(server, body) for body in [*messages, nested]]
    responses.append(infer(server, messages[0], f"{MODEL}/versions/1/infer"))
    answers = [response.json()["outputs"][0]["data"] for response in responses]
    assert len(answers) == 6
    assert np.allclose(answers, answers[0], atol=1e-6)


def test_tensors_may_be_binary(server: ServerSettings, drawn: Faces) -> None:
    pixels = drawn.pixels[:2].astype("<f4")
    head = message(pixels, outputs=[{"name": "person"}, {"name": "confidence"}])
    expected = infer(server, head).json()["outputs"]
    del head["inputs"][0]["data"]
    head["inputs"][0]["parameters"] = {"binary_data_size": pixels.nbytes}
    head["parameters"] = {"binary_data_output": True}
    data = json.dumps(head).encode()
    response = requests.post(
        f"{server.url}{MODEL}/infer",
        data + pixels.tobytes(),
        headers={
            "Content-Type": "application/octet-stream",
            "Inference-Header-Content-Length": str(len(data)),
        },
        timeout=5,
    )
    size = int(response.headers["Inference-Header-Content-Length"])
    person, confidence = json.loads(response.content[:size])["outputs"]
    raw = response.content[size:]
    texts, rest = raw[: person["parameters"]["binary_data_size"]], raw[-8:]
    first = struct.unpack("<I", texts[:4])[0]
    assert texts[4 : 4 + first].decode() == expected[0]["data"][0]
    assert np.allclose(np.frombuffer(rest, "<f4"), expected[1]["data"])
    assert confidence["parameters"]["binary_data_size"] == 8


def test_metadata_and_health_are_served(server: ServerSettings, drawn: Faces) -> None:
    def get(path: str) -> Any:
        return requests.get(server.url + path, timeout=5).json()

    assert get("/v2")["extensions"] == ["binary_tensor_data"]
    assert get("/v2/health/live") == {"live": True}
    assert get("/v2/health/ready") == get(f"{MODEL}/ready") == {"ready": True}
    metadata = get(MODEL)
    assert metadata == get(f"{MODEL}/versions/1")
    assert metadata["versions"] == ["1"]
    assert metadata["outputs"][0]["shape"] == [-1, len(drawn.identities)]


def test_other_models_and_versions_are_not_found(server: ServerSettings) -> None:
    for path in ("/v2/models/other/infer", f"{MODEL}/versions/7/infer", f"{MODEL}/versions/1/x"):
        assert infer(server, message([FACE]), path).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body: expected an object"),
        ({}, "inputs: expected a list with one tensor"),
        ({"inputs": []}, "inputs: expected a list with one tensor"),
        ({"inputs": [1]}, "inputs[0]: expected an object"),
        (message([FACE], "INT8"), "inputs[0].datatype: expected one of UINT8, FP32, FP64"),
        (message([FACE[1:]]), "inputs[0].shape: expected [faces, 4096]"),
        (message(np.zeros((0, 4096))), "inputs[0].shape"),
        ({"inputs": [{**message([FACE])["inputs"][0], "data": FACE[1:]}]}, "inputs[0].data: 4095"),
        ({"inputs": [{**message([FACE])["inputs"][0], "data": "a"}]}, "inputs[0].data: expected"),
        (message([[*FACE[1:], 1.5]]), "inputs[0].data: pixels must be between 0 and 1"),
        (message([[*FACE[1:], 300]], "UINT8"), "inputs[0].data: pixels must be whole numbers"),
        (message([[*FACE[1:], 0.5]], "UINT8"), "inputs[0].data: pixels must be whole numbers"),
        (message([FACE], id=3), "id: expected 1 to 128"),
        (message([FACE], outputs=[{"name": "x"}]), "outputs[0].name: expected one of"),
        (message([FACE], outputs=3), "outputs: expected a list"),
    ],
)
def test_the_error_for_a_wrong_body_names_the_field(
    server: ServerSettings, body: Any, field: str
) -> None:
    response = infer(server, body)
    assert response.status_code == 400
    assert response.json()["error"].startswith(field)


@pytest.mark.parametrize("length", ["-1", "x", "999999", "１"])
def test_a_wrong_size_of_the_json_is_refused(server: ServerSettings, length: str) -> None:
    headers = {"Inference-Header-Content-Length": length.encode()}
    response = requests.post(
        f"{server.url}{MODEL}/infer", json=message([FACE]), headers=headers, timeout=5
    )
    assert response.status_code == 400
    assert response.json()["status"]["info"].startswith("Inference-Header-Content-Length: ")
