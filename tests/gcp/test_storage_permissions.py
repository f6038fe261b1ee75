"""Who may read and write what in the buckets, with the roles that infra/gcp grants."""

from collections.abc import Iterator

import pytest
import requests

from tests.gcp.cloud import BUCKET, CAPTURED
from tests.gcp.doubles.grants import DEVELOPER
from tests.gcp.doubles.identity import Identities
from tests.gcp.doubles.storage import storage

MODEL, ARTIFACT = f"{BUCKET}/models/1.npz", f"{BUCKET}/zenml/a"
CAPTURE, EXPIRED = f"{CAPTURED}/face-recognizer/1.faces", f"{CAPTURED}/face-recognizer/0.faces"
ALLOWED = [
    (DEVELOPER, "overwrite", ARTIFACT),
    (DEVELOPER, "list", CAPTURE),  # with the additional role of infra/gcp/README.md
    ("pipelines", "write", MODEL),
    ("pipelines", "overwrite", MODEL),
    ("pipelines", "read", CAPTURE),
    ("pipelines", "delete", EXPIRED),
    ("mlflow", "write", f"{BUCKET}/mlflow/1/a"),
    ("mlflow", "list", MODEL),
    ("serving", "read", MODEL),
    ("serving", "write", f"{CAPTURED}/face-recognizer/2.faces"),
]
REFUSED = [
    ("serving", "read", CAPTURE),
    ("serving", "list", CAPTURE),
    ("serving", "delete", CAPTURE),
    ("serving", "overwrite", CAPTURE),
    ("serving", "read", ARTIFACT),
    ("serving", "list", MODEL),
    ("serving", "write", f"{BUCKET}/models/2.npz"),
    ("mlflow", "read", MODEL),
    ("mlflow", "write", f"{BUCKET}/models/2.npz"),
    ("mlflow", "list", CAPTURE),
    ("zenml", "read", MODEL),
    ("builds", "read", MODEL),
]


class Bucket:
    """Requests to the fake as an identity."""

    def __init__(self, url: str, identities: Identities) -> None:
        self.url, self.identities = url, identities

    def request(self, identity: str, verb: str, uri: str) -> int:
        bucket, _, name = uri.partition("/")
        objects = f"{self.url}/storage/v1/b/{bucket}/o"
        path = f"{objects}/{name.replace('/', '%2F')}"
        upload = f"{self.url}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}"
        method, address = {
            "list": ("GET", objects), "read": ("GET", f"{path}?alt=media"),
            "delete": ("DELETE", path), "write": ("POST", upload), "overwrite": ("POST", upload),
        }[verb]  # fmt: skip
        headers = {"Authorization": f"Bearer {self.identities.token(identity)}"}
        return requests.request(method, address, headers=headers, data=b"x", timeout=5).status_code


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    folder = tmp_path_factory.mktemp("storage")
    environment = {"PATH": "/usr/bin:/bin"}
    with storage(folder, environment, [BUCKET, CAPTURED]) as url:
        found = Bucket(url, Identities(folder))
        for uri in (MODEL, CAPTURE, EXPIRED, ARTIFACT):
            assert found.request("pipelines", "write", uri) == 200
        yield found


@pytest.mark.parametrize(("identity", "verb", "uri"), ALLOWED)
def test_what_an_identity_needs_is_allowed(
    identity: str, verb: str, uri: str, bucket: Bucket
) -> None:
    assert bucket.request(identity, verb, uri) in (200, 204)


@pytest.mark.parametrize(("identity", "verb", "uri"), REFUSED)
def test_anything_else_is_refused(identity: str, verb: str, uri: str, bucket: Bucket) -> None:
    assert bucket.request(identity, verb, uri) == 403


def test_requests_without_a_token_are_refused(bucket: Bucket) -> None:
    reply = requests.get(f"{bucket.url}/storage/v1/b/{BUCKET}/o", timeout=5)
    assert reply.status_code == 401
