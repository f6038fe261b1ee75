"""Versions change under load, and servers die under load."""

import json
import os
import signal
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import numpy as np
import requests

from benchmarks.load import Load, post, run_load
from components.deployers.seldon_local import process
from faces.client import PREDICT
from faces.data.dataset import Faces
from faces.drift.captured_requests import read_captured_requests
from serving.capture.reader import read_files
from serving.settings import ServerSettings, activate_model, current_file

Answers = dict[str, list[float]]


def bodies(drawn: Faces, count: int, name: str = "r") -> list[bytes]:
    """Requests with ids of their own: r0, r1, …"""
    requests_ = []
    for number in range(count):
        pixels = (drawn.pixels[number % len(drawn)] * 255).astype(np.uint8)
        message = {"meta": {"puid": f"{name}{number}"}, "binData": b64encode(pixels).decode()}
        requests_.append(post(PREDICT, json.dumps(message).encode()))
    return requests_


def version_of(server: ServerSettings) -> str:
    told = requests.get(f"{server.url}/health/status", timeout=5).json()
    return str(told["meta"]["tags"]["model_version"])


def under_load(
    server: ServerSettings,
    messages: list[bytes],
    act: Callable[[list[bytes]], None],
    **bounds: float,
) -> tuple[Load, list[bytes]]:
    """Eight clients send while `act` runs; gives what came of it, and every answer."""
    answers: list[bytes] = []
    loads: list[Load] = []

    def clients() -> None:
        loads.append(
            run_load(
                server.port, messages, connections=8, seconds=bounds["seconds"],
                count=int(bounds.get("count", 10**9)),
                answered=lambda _, body: answers.append(body),
            )
        )  # fmt: skip

    thread = threading.Thread(target=clients)
    thread.start()
    act(answers)
    thread.join()
    return loads[0], answers


def test_twenty_swaps_under_eight_clients_fail_no_request(
    start, put: Callable[[Path, int], str], drawn: Faces
) -> None:
    server = start(workers=2, capture=False)
    folder, seen = Path(server.folder), []

    def swap(_: list[bytes]) -> None:
        for version in range(2, 22):
            put(folder, version)
            while version_of(server) != str(version):
                time.sleep(0.01)
            seen.append(version)
            time.sleep(0.1)

    load, answers = under_load(server, bodies(drawn, 50), swap, seconds=8)
    assert seen == list(range(2, 22))
    assert load.failures == []
    assert len(load.seconds) > 500
    versions = {json.loads(body)["meta"]["tags"]["model_version"] for body in answers}
    assert versions == {str(version) for version in range(1, 22)}


def test_a_damaged_model_is_refused_and_the_old_one_stays(
    start, put: Callable[[Path, int], str], drawn: Faces
) -> None:
    server = start(capture=False)
    folder = Path(server.folder)
    good = json.loads(current_file(folder).read_text())
    file = folder / good["file"]
    damaged = folder / "models" / "2-damaged.npz"
    damaged.write_bytes(file.read_bytes()[:-100] + bytes(100))

    def break_it(_: list[bytes]) -> None:
        activate_model(
            folder, {"version": "2", "file": "models/2-damaged.npz", "hash": good["hash"]}
        )
        time.sleep(0.5)
        activate_model(folder, {"version": "3", "file": "models/nothing.npz", "hash": good["hash"]})
        time.sleep(0.5)

    load, answers = under_load(server, bodies(drawn, 20), break_it, seconds=2)
    assert load.failures == []
    assert {json.loads(body)["meta"]["tags"]["model_version"] for body in answers} == {"1"}
    tags = requests.get(f"{server.url}/health/status", timeout=5).json()["meta"]["tags"]
    assert tags["status"] == "refused"
    assert "nothing.npz" in tags["refused"]
    put(folder, 4)
    time.sleep(0.1)
    assert version_of(server) == "4"


def test_killing_the_server_loses_nothing_that_was_answered(start, drawn: Faces) -> None:
    server = start(workers=2)
    folder = Path(server.folder)

    def kill(answers: list[bytes]) -> None:
        while len(answers) < 1000:
            time.sleep(0.01)
        found = process.running(folder)
        assert found is not None
        os.killpg(found.pid, signal.SIGKILL)

    load, answers = under_load(server, bodies(drawn, 12_000), kill, seconds=3, count=12_000)
    assert load.failures, "the server was killed"
    assert len(answers) >= 1000
    assert process.has_crashed(folder)
    captured = read_captured_requests(read_files([str(server.capture_folder)]))
    kept = captured.table.set_index("request")
    assert kept.index.is_unique
    for body in answers:
        told = json.loads(body)
        row = kept.loc[told["meta"]["puid"]]
        assert np.allclose(row["probabilities"], told["data"]["ndarray"][0], atol=1e-6)
        assert row["person"] == told["meta"]["tags"]["person"][0]
        assert row["version"] == told["meta"]["tags"]["model_version"]
    assert len(kept) - len(answers) <= 8, "at most what eight clients still waited for"

    process.start(server, None)
    told = {"response": {"meta": {"puid": "r0"}}, "truth": {"strData": "ada"}}
    reply = requests.post(f"{server.url}/api/v1.0/feedback", json=told, timeout=5)
    assert reply.status_code == 200, "ids of a killed server are found again"


def test_a_worker_that_dies_is_replaced(start, drawn: Faces) -> None:
    server = start()
    found = process.running(Path(server.folder))
    assert found is not None
    os.kill(found.children()[0].pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not process.answers(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    load = run_load(server.port, bodies(drawn, 5, "after"), connections=1, count=5)
    assert load.failures == []
