"""Versions are swapped under load, and servers are killed under load."""

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
from faces.client import PREDICT, send_feedback
from faces.data.dataset import Faces
from faces.drift.captured_requests import read_captured_requests
from serving.capture.reader import read_files
from serving.settings import ServerSettings, activate_model, current_file, read_current
from tests.integration.serving.conftest import InstallVersion


def bodies(drawn: Faces, count: int, name: str = "r") -> list[bytes]:
    """Requests with the ids r0, r1, …"""
    messages = []
    for number in range(count):
        pixels = (drawn.pixels[number % len(drawn)] * 255).astype(np.uint8)
        message = {"meta": {"puid": f"{name}{number}"}, "binData": b64encode(pixels).decode()}
        messages.append(post(PREDICT, json.dumps(message).encode()))
    return messages


def version_of(server: ServerSettings) -> str:
    health = requests.get(f"{server.url}/health/status", timeout=5).json()
    return str(health["meta"]["tags"]["model_version"])


def served_versions(answers: list[bytes]) -> set[str]:
    return {json.loads(body)["meta"]["tags"]["model_version"] for body in answers}


def under_load(
    server: ServerSettings,
    messages: list[bytes],
    act: Callable[[list[bytes]], None],
    **bounds: float,
) -> tuple[Load, list[bytes]]:
    """Eight clients send before and while `act` runs; returns the outcome and all answers."""
    answers: list[bytes] = []
    loads: list[Load] = []

    def clients() -> None:
        loads.append(
            run_load(
                server.port, messages, connections=8, seconds=bounds["seconds"],
                count=int(bounds.get("count", 10**9)),
                on_response=lambda _, body: answers.append(body),
            )
        )  # fmt: skip

    thread = threading.Thread(target=clients)
    thread.start()
    while not answers and thread.is_alive():
        time.sleep(0.01)
    act(answers)
    thread.join()
    return loads[0], answers


def test_twenty_swaps_under_eight_clients_fail_no_request(
    start, install_version: InstallVersion, drawn: Faces
) -> None:
    server = start(workers=2, capture=False)
    folder, seen = Path(server.folder), []

    def swap(_: list[bytes]) -> None:
        for version in range(2, 22):
            install_version(folder, version)
            while version_of(server) != str(version):
                time.sleep(0.01)
            seen.append(version)
            time.sleep(0.1)

    load, answers = under_load(server, bodies(drawn, 50), swap, seconds=10)
    assert seen == list(range(2, 22))
    assert load.failures == []
    assert len(load.seconds) > 500
    assert served_versions(answers) == {str(version) for version in range(1, 22)}


def test_a_damaged_model_is_refused_and_the_previous_one_stays(
    start, install_version: InstallVersion, drawn: Faces
) -> None:
    server = start(capture=False)
    folder = Path(server.folder)
    good = json.loads(current_file(folder).read_text())
    file = folder / good["file"]
    damaged = folder / "models" / "2-damaged.npz"
    damaged.write_bytes(file.read_bytes()[:-100] + bytes(100))

    def install_damaged(_: list[bytes]) -> None:
        activate_model(
            folder, {"version": "2", "file": "models/2-damaged.npz", "hash": good["hash"]}
        )
        time.sleep(0.5)
        activate_model(folder, {"version": "3", "file": "models/nothing.npz", "hash": good["hash"]})
        time.sleep(0.5)

    load, answers = under_load(server, bodies(drawn, 20), install_damaged, seconds=2)
    assert load.failures == []
    assert served_versions(answers) == {"1"}
    tags = requests.get(f"{server.url}/health/status", timeout=5).json()["meta"]["tags"]
    assert tags["status"] == "refused"
    assert "nothing.npz" in tags["refused"]
    install_version(folder, 4)
    time.sleep(0.1)
    assert version_of(server) == "4"


def test_a_new_worker_serves_what_was_loaded_last_and_a_missing_model_is_loaded_later(
    start, install_version: InstallVersion
) -> None:
    server = start()
    folder = Path(server.folder)
    install_version(folder, 2)
    time.sleep(0.1)
    assert version_of(server) == "2"
    good = read_current(folder)
    assert good is not None
    activate_model(folder, {**good, "version": "3", "file": "models/3-late.npz"})
    time.sleep(0.1)
    assert version_of(server) == "2"
    master = process.running(folder)
    assert master is not None
    for worker in master.children():
        worker.kill()
    time.sleep(2)
    assert version_of(server) == "2"
    (folder / "models" / "3-late.npz").write_bytes((folder / good["file"]).read_bytes())
    time.sleep(1.2)
    assert version_of(server) == "3"


def test_a_killed_server_has_captured_all_answered_requests(start, drawn: Faces) -> None:
    server = start(workers=2)
    folder = Path(server.folder)

    def kill(answers: list[bytes]) -> None:
        while len(answers) < 1000:
            time.sleep(0.01)
        running = process.running(folder)
        assert running is not None
        os.killpg(running.pid, signal.SIGKILL)

    load, answers = under_load(server, bodies(drawn, 12_000), kill, seconds=3, count=12_000)
    assert load.failures, "the server was killed"
    assert len(answers) >= 1000
    assert process.has_crashed(folder)
    captured = read_captured_requests(read_files([str(server.capture_folder)]))
    rows = captured.table.set_index("request")
    assert rows.index.is_unique
    for body in answers:
        answer = json.loads(body)
        row = rows.loc[answer["meta"]["puid"]]
        assert np.allclose(row["probabilities"], answer["data"]["ndarray"][0], atol=1e-6)
        assert row["predicted"] == answer["meta"]["tags"]["person"][0]
        assert row["version"] == answer["meta"]["tags"]["model_version"]
    assert len(rows) - len(answers) <= 8, "at most what eight clients were still waiting for"

    process.start(server, None)
    send_feedback(server.url, "r0", ["ada"])
    captured = read_captured_requests(read_files([str(server.capture_folder)]))
    labels = captured.table.set_index("request")["label"]
    assert labels["r0"] == "ada", "feedback is joined with a request of the killed server"
    assert labels.notna().sum() == 1


def test_a_worker_that_dies_is_replaced(start, drawn: Faces) -> None:
    server = start()
    running = process.running(Path(server.folder))
    assert running is not None
    worker = running.children()[0]
    os.kill(worker.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not process.is_responding(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    load = run_load(server.port, bodies(drawn, 5, "after"), connections=1, count=5)
    assert load.failures == []
    assert worker.pid not in [child.pid for child in running.children()]


def test_metrics_of_workers_that_died_are_kept_in_one_file(start, drawn: Faces) -> None:
    server = start(workers=2, capture=False)
    running = process.running(Path(server.folder))
    assert running is not None
    shared = Path(server.folder) / "metrics"
    for _ in range(2):
        load = run_load(server.port, bodies(drawn, 20, "count"), connections=4, count=20)
        assert load.failures == []
        dead = {child.pid for child in running.children()}
        for pid in dead:
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and (
            dead & {child.pid for child in running.children()} or not process.is_responding(server)
        ):
            time.sleep(0.05)
    text = requests.get(f"{server.url}/prometheus", timeout=5).text
    assert "# HELP faces_confidence Probability of the predicted class" in text
    assert "faces_confidence_count 40.0" in text
    assert 'faces_latency_seconds_count{kind="predict"} 40.0' in text
    assert 'faces_requests_total{code="200"} 4' in text
    assert "Multiprocess" not in text
    files = [file.name for file in shared.glob("counter_*.db")]
    assert "counter_ended.db" in files
    assert len(files) <= 4, "two workers, their master and those that ended"
