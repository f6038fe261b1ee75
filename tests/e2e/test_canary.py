"""Canary releases: a good candidate goes live, a bad one goes back, and no request fails."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from faces.client import send_faces, send_feedback
from faces.data.dataset import Faces, load_faces
from faces.errors import UserError
from steps.deployment.deploy_model import portable_model
from tests.e2e.conftest import Run, deployer
from tests.e2e.test_deployment import production, served
from tests.e2e.test_training import champion

NEVER_TESTED = "minimum_images: 100000"


@pytest.fixture(scope="module")
def live(run: Run) -> dict[str, Any]:
    train(run, "logistic")
    return run("deployment")


def train(run: Run, model: str, more: str = "") -> int:
    gate = "gate: {tolerances: {baseline: 1.0, drifted: 1.0}, minimum_share: 0}"
    text = f"data: {{people: 8, images: 12}}\n{gate}\nmodel: {model}\n{more}"
    result = run("training", text, data="synthetic")
    return int(result["model"]["version"])


def promote(number: int) -> None:
    """Put a version into production, as a gate would that overlooks how bad it is."""
    from store.production import set_production
    from store.versions import production_version, require_version

    assert set_production(require_version(number), instead_of=production_version())


@pytest.fixture(scope="module")
def images() -> Iterator[Faces]:
    """Faces like those of the training; with a little noise, so that each is another image."""
    faces, rng = load_faces("synthetic", people=8, images=12), np.random.default_rng(0)

    def draw() -> Iterator[Faces]:
        while True:
            noise = rng.normal(0, 0.003, faces.images.shape)
            yield Faces(
                np.clip(faces.images + noise, 0, 1).astype(np.float32),
                faces.labels, faces.conditions, faces.source,
            )  # fmt: skip

    return draw()


def send(images: Iterator[Faces], requests: int) -> set[str]:
    """Send single faces with their labels; returns the versions that answered."""
    endpoint, faces = deployer().endpoint(), next(images)
    versions = set()
    for row in np.random.default_rng(0).permutation(len(faces))[:requests]:
        answer = send_faces(endpoint.url, faces.pixels[[row]])
        send_feedback(endpoint.url, answer.request, [str(faces.labels[row])])
        versions.add(answer.version)
    return versions


def while_sending(faces: Faces, act: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], int]:
    """Do something while a client sends one request after the other; returns how many it sent."""
    url, stop = deployer().endpoint().url, threading.Event()

    def client() -> int:
        sent = 0
        while not stop.is_set():
            send_faces(url, faces.pixels[[0]])  # raises if the request fails
            sent += 1
            time.sleep(0.1)
        return sent

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(client)
        try:
            result = act()
        finally:
            stop.set()
        return result, sending.result()


def test_a_good_candidate_goes_live(
    run: Run, live: dict[str, Any], images: Iterator[Faces]
) -> None:
    with pytest.raises(UserError, match="version 1 is live already"):
        run("deployment", rollout="canary")
    assert train(run, "svm") == 2
    began = run("deployment", rollout="canary")
    assert began["endpoint"]["model_version"] == 1
    assert began["canary"]["phase"] == "shadow"
    assert (production(), served(), deployer().beside()) == (2, "1", "2")
    assert "version 2 answers beside it" in deployer().status().detail

    assert send(images, 90) == {"1"}, "in the shadow, only the live version answers"
    shadowed = run("drift_detection", NEVER_TESTED)
    assert shadowed["canary"]["phase"] == "canary"
    assert shadowed["canary"]["evidence"]["faces"] == 90
    assert shadowed["canary"]["evidence"]["unanswered"] == 0

    assert send(images, 90) == {"1", "2"}
    released, sent = while_sending(next(images), lambda: run("drift_detection", NEVER_TESTED))
    assert sent > 5
    assert released["canary"]["phase"] == "watch", released["canary"]["reason"]
    assert "a loss of 10% is ruled out" in released["canary"]["reason"]
    assert released["deployed_version"] == 2
    assert (production(), served(), deployer().beside(), champion()) == (2, "2", "1", 2)


def test_a_bad_candidate_goes_back(run: Run, live: dict[str, Any], images: Iterator[Faces]) -> None:
    bad = train(run, "svm", "params: {components: 2}")
    promote(bad)
    run("deployment", rollout="canary")
    assert (production(), served()) == (bad, "2")
    assert send(images, 60) == {"2"}
    # The endpoint is in another state than the records say, as after a killed run.
    deployer().stop_beside()
    result = run("drift_detection", NEVER_TESTED)
    assert result["canary"]["phase"] == "rolled_back"
    assert result["canary"]["reason"].startswith(
        "it recognises fewer faces than the version before"
    )
    assert (production(), served(), deployer().beside(), champion()) == (2, "2", None, 2)

    from store.production import ROLLED_BACK
    from store.versions import require_version

    assert require_version(bad).run_metadata[ROLLED_BACK] == result["canary"]["reason"]

    deployer().deploy(portable_model(1), None)  # as a rollback does that is killed after it
    following = run("drift_detection", NEVER_TESTED)
    assert following["canary"] is None, "it has ended"
    assert following["repaired"].startswith("version 1 was live without a record")
    assert (production(), served()) == (2, "2")
