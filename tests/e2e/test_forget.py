"""A person is forgotten everywhere, although the erasure is killed twice, without a failed request.

The tests build on each other: the first ones fill every store, the last ones look at what is left.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.enrolment import keep_faces
from benchmarks.byte_scanner import ByteScanner
from faces.client import send_faces, send_feedback
from faces.data.dataset import Faces, load_faces
from faces.errors import UserError
from faces.runtime.portable import file_hash, write_portable
from tests.e2e.conftest import Run, deployer, described

NAME = "wilhelmina"
UNUSED = ".txt is not supported: convert it to PNG or JPEG"
SENSITIVE = "minimum_images: 5\nminimum_people: 5\nthreshold: 0.05"


def write_people(faces: Faces, root: Path) -> None:
    rows = ["file,yaw"]
    for row in range(len(faces)):
        person = root / faces.labels[row]
        person.mkdir(parents=True, exist_ok=True)
        pixels = (faces.images[row] * 255).round().astype(np.uint8)
        Image.fromarray(pixels).save(person / f"{row:03}.png")
        rows.append(f"{person.name}/{row:03}.png,{faces.conditions['yaw'][row]}")
    (root / "conditions.csv").write_text("\n".join(rows) + "\n")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Faces:
    """Twenty people as image files; one has a name that nothing else has."""
    drawn = load_faces("synthetic", people=20, images=8, seed=7)
    labels = np.where(drawn.labels == drawn.identities[4], NAME, drawn.labels)
    root = tmp_path_factory.mktemp("sources")
    faces = Faces(drawn.images, labels, drawn.conditions, drawn.source)
    write_people(faces, root / "all")
    write_people(faces[np.flatnonzero(labels != NAME)], root / "others")
    for folder in ("all", "others"):  # files that are not used, and named when that is reported
        (root / folder / NAME).mkdir(exist_ok=True)
        (root / folder / NAME / "notes.txt").write_text("not an image")
    return load_faces(str(root / "all"))


@pytest.fixture(scope="module")
def folder(people: Faces, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return next(tmp_path_factory.getbasetemp().glob("sources*"))


@pytest.fixture(scope="module")
def scanner(people: Faces) -> ByteScanner:
    theirs = people.labels == NAME
    ids = people.ids[theirs].tolist()
    return ByteScanner(people.images[theirs], [NAME], ids, people.images[~theirs])


@pytest.fixture(scope="module")
def live(run: Run, folder: Path, home: Path, people: Faces) -> dict[str, Any]:
    """Version 1 is live again after version 3, which had learned from requests."""
    from store.versions import require_version

    trained = run("training", data=str(folder / "all"))
    assert trained["data"]["skipped"] == [f"{NAME}/notes.txt: {UNUSED}"]
    rejected = run("training", data=str(folder / "others"))
    assert rejected["data"]["skipped"], "it names her, although it does not contain her"
    assert NAME in rejected["model"]["reason"], "the gate's reason names who would be lost"
    recorded = require_version(rejected["model"]["version"]).run_metadata
    assert str(recorded["gate"]).startswith("rejected: it does not know 1 people")
    assert NAME not in repr((recorded, described(rejected, "training")))
    assert keep_faces(NAME, people.images[people.labels == NAME][:1]) == [
        home / "faces-enrolled" / NAME / "1.png"
    ]
    run("deployment")
    run("traffic", condition="yaw=left,right", requests=120)
    found = run("drift_detection", SENSITIVE)
    assert found["decision"] == "retrain", found["reason"]
    assert found["deployed_version"] == 3, found["gate"]
    recognise_batches(run, folder)
    return run("rollback")


def recognise_batches(run: Run, folder: Path) -> None:
    """Leave a table with the person, and results of a run that was killed."""
    table = folder / "batch.csv"
    captured = run("batch", data="captured", csv=str(table))
    assert captured["people"][NAME]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("faces.models.batch.KEEP_EVERY_SECONDS", 0)
        patch.setattr("faces.models.batch.PICTURES_AT_A_TIME", 4)
        patch.setattr("steps.inference.recognise_batch.report_progress", killed_when_under_way)
        with pytest.raises(SystemExit, match="killed after 4 pictures"):
            run("batch", data=str(folder / "all" / NAME), csv=str(table))
    table.unlink()


def killed_when_under_way(what: str, done: int, total: int) -> None:
    if done:
        raise SystemExit(f"killed after {done} pictures")


@contextmanager
def requests_without_a_pause(pixels: np.ndarray) -> Iterator[list[str]]:
    """Send requests within the block; yields the versions that answered, and errors."""
    url = deployer().endpoint().url
    answers: list[str] = []
    finished = threading.Event()

    def send() -> None:
        while not finished.wait(0.02):
            try:
                answers.append(send_faces(url, pixels).version)
            except Exception as error:
                answers.append(repr(error))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield answers
    finally:
        finished.set()
        thread.join()


def kill_when(reached: Callable[[str], bool], *options: str) -> None:
    """Start an erasure, and kill it as soon as its output or the stores say so."""
    command = [sys.executable, "run.py", "--pipeline", "forget", *options]
    with (
        NamedTemporaryFile() as output,
        subprocess.Popen(
            command, stderr=output, stdout=subprocess.DEVNULL, start_new_session=True
        ) as process,
    ):
        while not reached(text := Path(output.name).read_text()):
            assert process.poll() is None, text
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)


def model_files(version: int) -> list[Path]:
    return list(deployer().folder.glob(f"models/{version}-*.npz"))


def pending() -> tuple[str, ...]:
    from store.erasure.register import pending_erasure

    return pending_erasure().people


def portable(number: int) -> str:
    from store.versions import load_artifact, require_version

    return file_hash(write_portable(load_artifact(require_version(number), "portable")))


def test_an_unknown_person_is_refused_with_the_nearest_name(run: Run, live: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"unknown person 'wilhelmine': did you mean '{NAME}'"):
        run("forget", person="wilhelmine")
    with pytest.raises(UserError, match="no captured request has this id"):
        run("forget", request="nobody")
    with pytest.raises(UserError, match="nothing to continue"):
        run("forget")
    assert not pending()


def test_before_the_erasure_the_person_is_in_many_places(
    home: Path, live: dict[str, Any], scanner: ByteScanner
) -> None:
    found = scanner.scan_folders([home])
    assert {finding.kind for finding in found} >= {"float32", "name"}
    places = {part for finding in found for part in Path(finding.file).parts}
    assert any(file.endswith("skipped.json") for file, *_ in map(astuple, found))
    for place in (
        *("captured", "models", "faces", "window", "portable", "mlflow_artifacts"),
        "faces-enrolled",
    ):
        assert place in places, place


def test_an_erasure_that_is_killed_twice_is_finished_by_the_next_run(
    run: Run, live: dict[str, Any], home: Path, people: Faces, scanner: ByteScanner
) -> None:
    someone = people.pixels[people.labels != NAME][:1]
    with requests_without_a_pause(someone) as answers:
        kill_when(lambda output: "✓ register model" in output, "--person", NAME)
        assert pending() == (NAME,)
        assert deployer().served_version() == "1", "nothing else is live yet"
        kill_when(lambda _: not model_files(1))
        assert pending() == (NAME,)
        new = deployer().served_version()
        assert new not in ("1", "2", "3"), "another version was live before anything was erased"
        assert scanner.scan_folders([home])
        summary = run("forget")
    assert set(answers) == {"1", new}, "no request failed"
    assert not pending()
    assert scanner.scan_folders([home]) == []
    receipt = summary["receipt"]
    assert sorted(receipt["versions"]) == [1, 3], "version 2 never knew her, and names nobody"
    assert receipt["live"] == int(new)
    assert receipt["removed"]["model versions"] == 2
    assert receipt["removed"]["captured requests"] > 0
    assert receipt["removed"]["data versions and windows"] >= 3
    assert NAME not in json.dumps(summary)


def test_the_model_has_the_bytes_of_one_that_never_knew_the_person(
    run: Run, live: dict[str, Any], folder: Path
) -> None:
    never = run("training", data=str(folder / "others"), cached=False)
    assert portable(int(deployer().served_version())) == portable(never["model"]["version"])


def test_the_data_source_cannot_bring_the_person_back(
    run: Run, live: dict[str, Any], folder: Path, home: Path, scanner: ByteScanner
) -> None:
    again = run("training", data=str(folder / "all"))
    assert again["data"]["identities"] == 19
    assert scanner.scan_folders([home]) == []


def test_what_was_decided_and_deployed_is_still_known(
    run: Run, live: dict[str, Any], tmp_path: Path
) -> None:
    from store.deployments import decisions, deployments

    assert [record.version for record in deployments()] == [
        *(1, 3, 1),
        int(deployer().served_version()),
    ]
    assert [entry.action for entry in decisions()] == ["retrain"]
    html = Path(run("history", page=str(tmp_path / "history.html"))["file"]).read_text()
    assert 'class="badge retrain"' in html
    assert NAME not in html


def test_a_request_is_forgotten_by_the_version_that_learned_it_and_no_other(
    run: Run, live: dict[str, Any], home: Path, people: Faces
) -> None:
    from store.versions import find_version

    before = int(deployer().served_version())
    run("traffic", condition="yaw=left,right", requests=120)
    turned = np.flatnonzero((people.conditions["yaw"] == "left") & (people.labels != NAME))
    image = np.clip(people.images[turned[:1]] * 0.98 + 0.01, 0, 1).astype(np.float32)
    url = deployer().endpoint().url
    request = send_faces(url, image.reshape(1, -1)).request
    send_feedback(url, request, people.labels[turned[:1]].tolist())
    learned = run("drift_detection", SENSITIVE)["deployed_version"]
    found = ByteScanner(image, ids=[request]).scan_folders([home])
    assert {"images.npy", "window.npz"} <= {Path(finding.file).name for finding in found}

    receipt = run("forget", request=request)["receipt"]
    assert receipt["versions"] == [learned]
    assert receipt["subjects"] == [request]
    assert receipt["live"] not in (before, learned)
    assert find_version(before), "it never learned from the request"
    left = ByteScanner(image, ids=[request]).scan_folders([home])
    files = {(Path(finding.file).name.removesuffix("-wal"), finding.kind) for finding in left}
    assert files <= {
        ("record.json", "id"),
        ("zenml.db", "id"),
    }, "only the receipt names the request"


def test_old_copies_expire_except_for_what_the_live_version_needs(
    run: Run, live: dict[str, Any]
) -> None:
    from store.erasure.inventory import artifacts_named

    served = deployer().served_version()
    receipt = run("forget", before="2100-01-01")["receipt"]
    assert receipt["removed"]["captured requests"] > 0
    assert [f"version {served} " in needed for needed in receipt["remains"]] == [True]
    assert list(artifacts_named("window")) == list(artifacts_named("drift_report")) == []
    assert deployer().served_version() == served
    assert run("deployment")["endpoint"]["model_version"] == int(served), "it is complete"
    assert run("drift_detection")["decision"] == "not_enough_evidence"
    assert run("rollback")["endpoint"]["model_version"] != int(served), "to one that still exists"


def test_without_enough_people_for_a_model_the_endpoint_ends(
    run: Run, live: dict[str, Any], home: Path, tmp_path: Path
) -> None:
    two = load_faces("synthetic", people=2, images=8, seed=9)
    names = np.where(two.labels == two.identities[0], "ada", "theodora")
    write_people(Faces(two.images, names, two.conditions, two.source), tmp_path)
    run("training", data=str(tmp_path))
    run("deployment")
    faces = load_faces(str(tmp_path))
    scanner = ByteScanner(faces.images[faces.labels == "theodora"], ["theodora"])
    assert scanner.scan_folders([home])
    receipt = run("forget", person="theodora")["receipt"]
    assert receipt["live"] is None
    assert deployer().served_version() is None
    assert scanner.scan_folders([home]) == []
