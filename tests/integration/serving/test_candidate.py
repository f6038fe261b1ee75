"""A candidate answers beside the live version."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import requests

from faces.client import send_faces
from faces.data.dataset import Faces
from faces.drift.captured_requests import CapturedRequests, read_captured_requests
from faces.runtime.capture_format import VERIFICATION
from faces.runtime.portable import PortableModel, file_hash, write_portable
from serving.capture.reader import delete_captured, read_files
from serving.settings import ServerSettings, candidate_file, install_candidate
from tests.integration.serving.conftest import InstallVersion


def candidate(portable: PortableModel) -> bytes:
    """A model that calls everybody something else: its classes are in reverse order."""
    return write_portable(replace(portable, classes=portable.classes[::-1]))


def put(server: ServerSettings, data: bytes, share: float) -> None:
    install_candidate(Path(server.folder), "2", data, file_hash(data), share)
    time.sleep(0.1)  # requests look for it twenty times a second


def captured(server: ServerSettings) -> CapturedRequests:
    return read_captured_requests(read_files([str(server.capture_folder)]))


def test_a_candidate_answers_in_the_shadow_and_then_a_share(
    start, install_version: InstallVersion, drawn: Faces, portable: PortableModel
) -> None:
    server = start()
    data = candidate(portable)
    best = portable.predict_open_set(drawn.pixels[:3]).probabilities.argmax(axis=1)
    names = portable.classes[best].tolist()
    put(server, data, share=0)
    answer = send_faces(server.url, drawn.pixels[:3], request="shadow")
    assert (answer.version, list(answer.predicted)) == ("1", names)
    version, shadow = captured(server).shadows["shadow"]
    assert version == "2"
    assert shadow == portable.classes[::-1][best].tolist()
    verified = send_faces(server.url, drawn.pixels[:1], request=f"{VERIFICATION}2-x")
    assert verified.version == "2", "a verification is answered by the version that it names"
    health = requests.get(f"{server.url}/health/status", timeout=5).json()["meta"]["tags"]
    assert (health["model_version"], health["candidate_version"]) == ("1", "2")

    put(server, data, share=1)
    answer = send_faces(server.url, drawn.pixels[:3], request="canary")
    assert (answer.version, list(answer.predicted)) == ("2", shadow)
    assert captured(server).shadows["canary"] == ("1", names)

    put(server, b"damaged", share=1)
    assert send_faces(server.url, drawn.pixels[:1]).version == "1"
    candidate_file(Path(server.folder)).unlink()
    time.sleep(0.1)
    assert send_faces(server.url, drawn.pixels[:1], request="alone").version == "1"
    found = captured(server)
    assert set(found.shadows) == {"shadow", "canary"}
    assert found.damaged == 0
    assert np.array_equal(found.table["version"].unique(), ["1", "2"])

    delete_captured([str(server.capture_folder)], request="shadow")
    assert set(captured(server).shadows) == {"canary"}
