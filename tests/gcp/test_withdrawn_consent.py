"""A person is forgotten on the gcp stack: in both buckets, in MLflow and in the cluster.

After the story, since it deletes its versions. The emulated buckets have no versions; what
happens to noncurrent versions is tested in tests/unit/components/clouds.
"""

import json
from typing import Any

import numpy as np
import pytest

from benchmarks.byte_scanner import ByteScanner, Finding
from faces.data.dataset import load_faces
from tests.conftest import needs_real_faces
from tests.gcp.cloud import BUCKET, CAPTURED
from tests.gcp.conftest import Run, clients
from tests.gcp.test_story import deployment, wait_for_capture

pytestmark = needs_real_faces

PERSON = "s07"


@pytest.fixture(scope="module")
def scanner() -> ByteScanner:
    """It searches for the name in quotes and in arrays: other bytes may look like s07, too."""
    faces = load_faces("olivetti")
    theirs = faces.labels == PERSON
    names = [f'"{PERSON}"', f">{PERSON}<", PERSON.encode("utf-32-le").decode("ascii")]
    texts = [*faces.ids[theirs].tolist(), *names]
    return ByteScanner(faces.images[theirs], ids=texts, others=faces.images[~theirs])


def scan(scanner: ByteScanner) -> list[Finding]:
    from google.cloud import storage

    client = storage.Client()
    return [
        finding
        for bucket in (BUCKET, CAPTURED)
        for blob in client.list_blobs(bucket)
        if not blob.name.endswith("/")  # folders, which the emulator does not return
        and "/code_uploads/" not in f"/{blob.name}"  # this project's code has examples with s07
        for finding in scanner.scan(f"{bucket}/{blob.name}", blob.download_as_bytes())
    ]


def test_a_person_is_forgotten_without_a_failed_request(
    cloud: Any, run: Run, live: dict[str, Any], scanner: ByteScanner
) -> None:
    before = live["endpoint"]["model_version"]
    sent = run("traffic", condition="yaw=frontal", requests=80)["traffic"]
    assert sent["failed"] == 0
    wait_for_capture(80)
    found = scan(scanner)
    places = {finding.file.split("/")[0] for finding in found}
    assert places == {BUCKET, CAPTURED}

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
    assert len(np.unique(model.classes)) == 39
    assert run("training", stack="local", data="olivetti")["data"]["identities"] == 39
