import sys
from types import SimpleNamespace

import pytest

from components import clouds
from components.checks import Check, CheckFailed, Component, preflight
from components.clouds.aws import AmazonWebServices
from components.clouds.gcp import GoogleCloud
from components.clouds.gcp_checks import check_bucket
from faces.errors import OperationError

STORE = Component("artifact_store", "store", "gcp", {"path": "gs://bucket/zenml"})
REGISTRY = Component("container_registry", "registry", "gcp", {"uri": "europe/project/faces"})
JOBS = Component("orchestrator", "jobs", "vertex_jobs", {})
LOCAL = Component("orchestrator", "here", "local", {})


class Forbidden(Exception):
    """Named like the exception of google.api_core."""


def test_clouds_are_found_without_a_list_of_them() -> None:
    assert [type(cloud) for cloud in clouds.all_clouds()] == [AmazonWebServices, GoogleCloud]
    assert clouds.packages()["vertex_jobs"].modules == ("kfp", "google.cloud.aiplatform")


@pytest.mark.parametrize(
    ("module", "expected"),
    [("botocore.exceptions", "AWS: the request was rejected"), ("google.api_core.exceptions", "")],
)
def test_errors_of_other_clouds_are_not_taken_for_those_of_aws(module: str, expected: str) -> None:
    kind = type("ClientError", (Exception,), {"__module__": module})
    error = AmazonWebServices().translate_error(kind("403"))
    assert str(error or "").startswith(expected)
    assert bool(error) == bool(expected)


def test_each_component_is_checked_and_a_local_stack_needs_no_cloud() -> None:
    parts = {check.part: check for check in clouds.checks_for([STORE, REGISTRY, JOBS])}
    assert list(parts) == ["credentials", "bucket", "container images", "ZenML server"]
    assert parts["bucket"].needs == parts["container images"].needs == "credentials"
    assert [name for name, check in parts.items() if check.before_runs] == ["credentials", "bucket"]
    assert list(clouds.checks_for([LOCAL])) == []


def test_the_bucket_check_needs_only_permissions_for_objects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Client:
        def list_blobs(self, name: str, **_: object) -> list[str]:
            return [name]

        def get_bucket(self, name: str, **_: object) -> None:
            raise Forbidden("roles/storage.objectAdmin lacks storage.buckets.get")

    errors = SimpleNamespace(Forbidden=Forbidden, NotFound=KeyError)
    cloud = SimpleNamespace(storage=SimpleNamespace(Client=Client))
    monkeypatch.setitem(sys.modules, "google.api_core.exceptions", errors)
    monkeypatch.setitem(sys.modules, "google.cloud", cloud)
    assert check_bucket("gs://faces/zenml") == "gs://faces can be read"


def test_only_checks_meant_for_it_precede_a_run() -> None:
    calls: list[str] = []

    def fail() -> str:
        calls.append("first")
        raise CheckFailed("no bucket", "create it")

    def late() -> str:
        calls.append("never")
        return "fine"

    with pytest.raises(CheckFailed) as failed:
        preflight([Check("a", late), Check("b", fail, before_runs=True)])
    assert calls == ["first"]
    assert (failed.value.cause, failed.value.remedy) == ("no bucket", "create it")
    assert str(failed.value) == "no bucket: create it"


def test_errors_of_a_cloud_are_explained_and_others_pass_through() -> None:
    with (
        pytest.raises(OperationError, match="Google denied permission: no"),
        clouds.explained_errors(),
    ):
        raise Forbidden("no")
    with pytest.raises(ValueError, match="our own"), clouds.explained_errors():
        raise ValueError("our own")


class Bucket:
    """A versioned bucket as google.cloud.storage shows it."""

    def __init__(self, *objects: tuple[str, int]) -> None:
        self.objects = list(objects)
        self.live = dict(objects)

    def list_blobs(self, versions: bool = False) -> list[SimpleNamespace]:
        objects = self.objects if versions else self.live.items()
        return [SimpleNamespace(name=name, generation=number) for name, number in objects]

    def delete_blob(self, name: str, generation: int) -> None:
        self.objects.remove((name, generation))


def test_noncurrent_versions_are_deleted_and_live_ones_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bucket = Bucket(
        ("zenml/faces/images.npy", 1),
        ("zenml/faces/images.npy", 2),
        ("zenml/split/split.json", 1),
        ("zenml/split/split.json", 2),
        ("mlflow/1/model.skops", 1),
    )
    del bucket.live["zenml/faces/images.npy"], bucket.live["mlflow/1/model.skops"]
    storage = SimpleNamespace(Client=lambda: SimpleNamespace(bucket=lambda name: bucket))
    monkeypatch.setitem(sys.modules, "google", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "google.cloud", SimpleNamespace(storage=storage))
    assert clouds.delete_noncurrent("gs://faces/zenml") == 4
    assert bucket.objects == [("zenml/split/split.json", 2)]
    assert clouds.delete_noncurrent("/home/user/zenml") == 0
