"""Training, deployment and rollback, as run.py does them."""

import json
import os
import signal
import threading
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from benchmarks.load import Load, post, run_load
from faces.drift.captured_requests import read_captured_requests
from faces.errors import OperationError, UserError
from serving.capture.reader import read_files
from tests.e2e.conftest import PORT, Run, deployer
from tests.e2e.test_training import champion


@pytest.fixture(scope="module")
def trained(run: Run) -> dict[str, Any]:
    return train(run, "logistic")


def train(run: Run, model: str, **more: Any) -> dict[str, Any]:
    text = "data: {people: 8, images: 12}\ngate: {tolerances: {baseline: 1.0, drifted: 1.0}}"
    return run("training", text, data="synthetic", model=model, **more)


@pytest.fixture(scope="module")
def deployed(run: Run, trained: dict[str, Any]) -> dict[str, Any]:
    return run("deployment")


def served() -> str:
    status = requests.get(f"http://127.0.0.1:{PORT}/health/status", timeout=5).json()
    return str(status["meta"]["tags"]["model_version"])


def production() -> int:
    from store.versions import production_version

    version = production_version()
    assert version is not None
    return version.number


def under_load(act: Callable[[], Any]) -> tuple[Any, Load]:
    """Do something while eight clients send requests without a pause."""
    pixels = np.random.default_rng(0).integers(0, 255, 4096, dtype=np.uint8)
    body = json.dumps({"binData": b64encode(pixels.tobytes()).decode()}).encode()
    loads: list[Load] = []
    stop = threading.Event()

    def clients() -> None:
        while not stop.is_set():
            request = [post("/api/v1.0/predictions", body)]
            loads.append(run_load(PORT, request, connections=8, seconds=0.5))

    thread = threading.Thread(target=clients)
    thread.start()
    try:
        result = act()
    finally:
        stop.set()
        thread.join()
    total = Load()
    for load in loads:
        total.seconds += load.seconds
        total.failures += load.failures
    return result, total


def test_deployment_fails_without_a_production_version(run: Run) -> None:
    with pytest.raises(UserError, match="no model is in production: python run"):
        run("deployment")
    with pytest.raises(UserError, match="nothing is deployed yet: python run"):
        run("rollback")


def test_the_production_version_is_deployed(deployed: dict[str, Any]) -> None:
    assert deployed["endpoint"] == {"url": f"http://127.0.0.1:{PORT}", "model_version": 1}
    assert deployed["replaced"] is None
    assert deployed["pipeline"] == "deployment"
    assert deployed["largest_difference"] < 1e-4
    assert served() == "1"


def test_zenml_lists_the_server_with_its_url(deployed: dict[str, Any]) -> None:
    (service,) = deployer().find_model_server()
    assert service.is_running
    info = deployer().get_model_server_info(service)
    assert info["PREDICTION_URL"] == f"http://127.0.0.1:{PORT}/api/v1.0/predictions"
    assert info["MODEL_VERSION"] == "1"
    assert any("serving version 1" in line for line in service.get_logs(tail=5))


def test_verification_requests_do_not_count_as_traffic(deployed: dict[str, Any]) -> None:
    from faces.drift.captured_requests import read_captured_requests
    from serving.capture.reader import read_files

    assert read_captured_requests(read_files(deployer().captured())).table.empty


def test_requests_are_sent_shown_and_deleted_on_the_command_line(
    deployed: dict[str, Any], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from PIL import Image

    from cli.captured import delete_requests, show_requests
    from cli.predict import predict

    predict(None, None, body=True)
    body = json.loads(capsys.readouterr().out)
    assert len(body["data"]["ndarray"][0]) == 4096
    picture = tmp_path / "face.png"
    Image.fromarray(np.uint8(255 * np.reshape(body["data"]["ndarray"][0], (64, 64)))).save(picture)
    predict(picture, "p03", new_person=True)
    output = capsys.readouterr().out
    assert f"face.png, sent to http://127.0.0.1:{PORT}:" in output
    request = output.split("version 1, request ")[1].split()[0]
    show_requests(None)
    output = capsys.readouterr().out
    assert request in output
    assert "p03" in output
    show_requests(tmp_path / "all.csv")
    assert request in (tmp_path / "all.csv").read_text()
    capsys.readouterr()
    delete_requests(None, request)
    delete_requests("2000-01-01", None)
    assert capsys.readouterr().out.splitlines() == [
        "deleted 1 captured requests",
        "deleted 0 captured requests",
    ]
    with pytest.raises(UserError, match="--forget-before: "):
        delete_requests("yesterday", None)
    with pytest.raises(UserError, match=f"--forget-request: no request {request} in "):
        delete_requests(None, request)


def test_the_app_recognises_a_face_and_lists_people_and_versions(
    run: Run, deployed: dict[str, Any]
) -> None:
    from fastapi.testclient import TestClient

    from app.backend import Backend
    from app.server import create_service
    from faces.reports.png import grey_png

    backend = Backend()
    client = TestClient(create_service(backend))
    gallery = backend.gallery(deployed["endpoint"]["model_version"])
    assert gallery is not None
    face, person = gallery.enrolled.images[0], str(gallery.enrolled.labels[0])
    reply = client.post("/api/recognise", files={"file": grey_png(face)}).json()
    (found,) = reply["faces"]
    assert reply["version"] == str(deployed["endpoint"]["model_version"])
    assert found["person"] == person
    assert found["similar"][0]["person"] == person
    feedback = {"request": found["request"], "label": person}
    assert client.post("/api/feedback", json=feedback).status_code == 204
    people = client.get("/api/people").json()
    assert sum(entry["images"] for entry in people) == len(gallery.enrolled)
    live = [version for version in client.get("/api/versions").json() if version["live"]]
    assert [(version["stage"], version["model"]) for version in live] == [
        ("production", "logistic")
    ]
    assert "<script" not in backend.model_card(live[0]["number"])
    assert client.get("/api/drift").json() is None
    assert client.get("/api/approvals").json() == []


def test_a_new_version_is_deployed_and_rolled_back_without_a_failed_request(
    run: Run, deployed: dict[str, Any]
) -> None:
    assert train(run, "svm")["model"]["promoted"]
    second, load = under_load(lambda: run("deployment"))
    assert (second["endpoint"]["model_version"], second["replaced"]) == (2, 1)
    assert second["endpoint"]["url"] == deployed["endpoint"]["url"]
    assert load.failures == []
    assert len(load.seconds) > 200
    (service,) = deployer().find_model_server()
    assert service.model_version == "2"

    back, load = under_load(lambda: run("rollback", reason="names were wrong"))
    assert load.failures == []
    assert (back["endpoint"]["model_version"], back["replaced"]) == (1, 2)
    assert (back["pipeline"], back["reason"]) == ("rollback", "names were wrong")
    assert back["who"]
    assert back["when"].startswith("20")
    assert (served(), production(), champion()) == ("1", 1, 1)
    from store.versions import find_version

    left = find_version(2)
    assert left is not None
    assert left.run_metadata["rolled_back"] == "names were wrong"


def test_a_version_that_was_rolled_back_is_not_promoted_again(
    run: Run, deployed: dict[str, Any]
) -> None:
    again = train(run, "svm")["model"]
    assert again["reason"] == "rejected: it was rolled back (names were wrong)"
    assert production() == 1


def test_the_first_version_cannot_be_rolled_back(run: Run, deployed: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="version 1 was the first to be deployed; train"):
        run("rollback")
    assert served() == "1"


def test_an_endpoint_that_disagrees_with_the_model_is_rolled_back(
    run: Run, deployed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from steps.deployment import deploy_model

    assert train(run, "svm", seed=5)["model"]["promoted"]
    newest = production()

    def flipped(model: Any) -> bytes:
        kind, arrays = model.operators[0]
        first = (kind, {name: np.flip(array, axis=-1) for name, array in arrays.items()})
        model.operators[:] = [first, *model.operators[1:]]
        return write_portable(model)

    def deploy() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(deploy_model, "write_portable", flipped)
            patch.setattr(deploy_model, "file_hash", lambda data: recorded(newest))
            patch.setattr(
                deploy_model,
                "ModelArtifact",
                lambda v, data, *_: ModelArtifact(v, data, file_hash(data)),
            )
            with pytest.raises(
                OperationError, match=r"version \d+ was withdrawn, version 1 is live"
            ):
                run("deployment")

    from components.deployers.endpoint import ModelArtifact
    from faces.runtime.portable import file_hash, write_portable

    _, load = under_load(deploy)
    assert load.failures == []
    assert served() == "1"


def recorded(version: int) -> str:
    from store.versions import find_version

    found = find_version(version)
    assert found is not None
    return str(found.run_metadata["portable_hash"])


def test_a_damaged_portable_model_never_reaches_the_endpoint(
    run: Run, deployed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from steps.deployment import deploy_model

    with monkeypatch.context() as patch:
        patch.setattr(deploy_model, "write_portable", lambda model: b"damaged")
        with pytest.raises(OperationError, match="portable model does not have the recorded hash"):
            run("deployment")
    assert served() == "1"


def test_an_occupied_port_fails_the_run_and_keeps_the_previous_endpoint(
    run: Run, deployed: dict[str, Any]
) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OperationError, match="cannot be used"):
            run("deployment", f"endpoint: {{port: {taken.getsockname()[1]}}}")
    assert served() == "1"


def test_a_crash_is_reported_by_zenml_and_the_next_deployment(
    run: Run, deployed: dict[str, Any]
) -> None:
    from zenml.enums import ServiceState

    from components.deployers.seldon_local import process

    found = process.running(deployer().folder)
    assert found is not None
    os.killpg(found.pid, signal.SIGKILL)
    found.wait(5)
    (service,) = deployer().find_model_server()
    assert service.status.state == ServiceState.ERROR
    assert "it has crashed" in service.status.last_error
    again = run("deployment")
    assert "the server had crashed" in again["note"]
    assert int(served()) == again["endpoint"]["model_version"] == production()


def test_the_endpoint_can_be_stopped_started_and_deleted_with_zenml(
    run: Run, deployed: dict[str, Any]
) -> None:
    (service,) = deployer().find_model_server()
    version = served()
    deployer().stop_model_server(service.uuid)
    with pytest.raises(requests.ConnectionError):
        served()
    deployer().start_model_server(service.uuid, timeout=30)
    assert served() == version
    deployer().delete_model_server(service.uuid)
    assert deployer().find_model_server() == []
    with pytest.raises(requests.ConnectionError):
        served()
    again = run("deployment")
    assert (again["replaced"], served()) == (None, version)


def test_a_host_reachable_from_other_machines_requires_a_token(
    run: Run, deployed: dict[str, Any]
) -> None:
    with pytest.raises(UserError, match=r"endpoint\.host: the endpoint would be reachable"):
        run("deployment", "endpoint: {host: 0.0.0.0}")
    with pytest.raises(UserError, match="no secret 'nothing' with a key 'token'"):
        run("deployment", f"endpoint: {{port: {PORT}, token_secret: nothing}}")
    from zenml.client import Client

    Client().create_secret("endpoint", {"token": "open sesame"})
    run("deployment", f"endpoint: {{port: {PORT}, token_secret: endpoint}}")
    url = f"http://127.0.0.1:{PORT}/metadata"
    assert requests.get(url, timeout=5).status_code == 401
    assert requests.get(url, headers=dict(deployer().endpoint().headers), timeout=5).ok
    with pytest.raises(UserError, match="no key 'feedback_operator'"):
        run("traffic", requests=1)
    Client().update_secret("endpoint", add_or_update_values={"feedback_operator": "a token"})
    run("deployment", f"endpoint: {{port: {PORT}, token_secret: endpoint}}")
    assert run("traffic", requests=2)["traffic"]["feedback"] == 2
    table = read_captured_requests(read_files(deployer().captured())).table
    assert table["sender"].tolist()[-2:] == ["operator", "operator"]
    run("deployment")
    assert requests.get(url, timeout=5).ok
