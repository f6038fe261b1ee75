"""A person is forgotten on the gcp stack: in both buckets, in MLflow, ZenML and the cluster.

Last, since it deletes the versions of the other tests. The emulated buckets have no versions; what
happens to noncurrent versions is tested in tests/unit/components/clouds.
"""

import json
from io import BytesIO
from itertools import count
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks.byte_scanner import ByteScanner, Finding
from faces.data.dataset import Faces, load_faces
from tests.conftest import needs_real_faces
from tests.gcp.cloud import BUCKET, CAPTURED
from tests.gcp.conftest import Run, clients
from tests.gcp.test_story import DEPLOYMENT, deployment, wait_for_capture

pytestmark = needs_real_faces

PERSON = "wilhelmina"
"""A name that nothing else has."""

PEOPLE, SOURCE = 10, "faces-people"
DATA = f"gs://{SOURCE}/all"


@pytest.fixture(scope="module")
def people(cloud: Any) -> Faces:
    """Ten people, whom no other test knows, as image files in a separate bucket."""
    from google.cloud import storage

    faces = load_faces("olivetti")
    faces = faces[np.flatnonzero(np.isin(faces.labels, faces.identities[:PEOPLE]))]
    named = {name: f"person-{name}" for name in faces.identities} | {faces.identities[6]: PERSON}
    labels = np.array([named[name] for name in faces.labels])
    bucket = storage.Client().create_bucket(SOURCE)
    rows = ["file,yaw"]
    for row, label in enumerate(labels):
        file = BytesIO()
        Image.fromarray((faces.images[row] * 255).round().astype(np.uint8)).save(file, "PNG")
        rows.append(f"{label}/{row}.png,{faces.conditions['yaw'][row]}")
        bucket.blob(f"all/{label}/{row}.png").upload_from_string(file.getvalue())
    bucket.blob("all/conditions.csv").upload_from_string("\n".join(rows) + "\n")
    return load_faces(DATA)


@pytest.fixture(scope="module")
def scanner(people: Faces) -> ByteScanner:
    theirs = people.labels == PERSON
    ids = people.ids[theirs].tolist()
    return ByteScanner(people.images[theirs], [PERSON], ids, people.images[~theirs])


def scan(scanner: ByteScanner) -> list[Finding]:
    """Search content, names and metadata of all objects, and what ZenML's server returns."""
    from google.cloud import storage

    client = storage.Client()
    found = [
        finding
        for bucket in (BUCKET, CAPTURED)
        for blob in client.list_blobs(bucket)
        if not blob.name.endswith("/")  # folders, which the emulator does not return
        for finding in scanner.scan(
            f"{bucket}/{blob.name} {blob.metadata or ''}", blob.download_as_bytes()
        )
    ]
    return found + scanner.scan("zenml", recorded_in_zenml())


def recorded_in_zenml() -> bytes:
    """Return all runs, steps, artifacts and versions, with metadata, configuration and tags."""
    from zenml.client import Client

    client, records = Client(), []
    for fetch in (
        client.list_pipeline_runs,
        client.list_run_steps,
        client.list_artifact_versions,
        client.list_model_versions,
    ):
        for page in count(1):
            found = fetch(page=page, size=200, hydrate=True)
            records += [item.model_dump_json() for item in found.items]
            if page >= found.total_pages:
                break
    return "\n".join(records).encode()


def test_a_person_is_forgotten_without_a_failed_request(
    cloud: Any, run: Run, scanner: ByteScanner
) -> None:
    trained = run("training", data=DATA)
    assert trained["model"]["promoted"], trained["model"]["reason"]
    before = run("deployment", DEPLOYMENT)["endpoint"]["model_version"]
    sent = run("traffic", condition="yaw=frontal", requests=80)["traffic"]
    assert sent["failed"] == 0
    wait_for_capture(80)
    found = scan(scanner)
    assert {finding.file.split("/")[0] for finding in found} >= {BUCKET, CAPTURED}
    assert {finding.kind for finding in found} >= {"float32", "name", "id"}

    with clients(cloud) as failed:
        summary = run("forget", person=PERSON)
    assert not failed, failed[:3]
    receipt = summary["receipt"]
    assert before in receipt["versions"]
    assert receipt["live"] not in receipt["versions"]
    labels = deployment(cloud)["metadata"]["labels"]
    assert labels["face-recognizer/version"] == str(receipt["live"])
    assert scan(scanner) == []
    assert PERSON not in json.dumps(receipt)


def test_the_live_version_does_not_know_the_person(run: Run) -> None:
    from components.deployers.base import active_deployer
    from store.versions import load_artifact, require_version

    served = active_deployer().served_version()
    assert served is not None
    model = load_artifact(require_version(int(served)), "portable")
    assert PERSON not in model.classes
    assert len(np.unique(model.classes)) == PEOPLE - 1
    assert run("training", data=DATA)["data"]["identities"] == PEOPLE - 1
