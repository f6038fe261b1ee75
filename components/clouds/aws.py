"""Amazon Web Services: S3, Elastic Container Registry; the cluster is Kubernetes's own."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from zenml.models import PipelineRunResponse
from zenml.orchestrators import BaseOrchestrator

from components.checks import TIMEOUT_SECONDS, Check, CheckFailed, Component, Packages
from components.clouds.base import Cloud
from components.clouds.causes import causes
from faces.errors import OperationError

BUCKETS = "s3://"
INSTALL = "make setup-aws"
LOGIN = "aws sso login, or set AWS_PROFILE"
REMEDIES = (
    ({"NoCredentialsError", "TokenRetrievalError", "SSOTokenLoadError"}, "no credentials", LOGIN),
    ({"EndpointConnectionError", "ConnectTimeoutError"}, "no response", "try again"),
    ({"ClientError"}, "the request was rejected", "python run.py --doctor --stack aws"),
)
"""Exceptions of botocore, by name so that it need not be imported."""


class AmazonWebServices:
    """See `components.clouds.base.Cloud`."""

    packages: Mapping[str, Packages] = {
        "s3": Packages(("s3fs", "boto3"), INSTALL),
        "aws": Packages(("boto3", "aws_profile_manager"), INSTALL),
        "kubernetes": Packages(("kubernetes",), INSTALL),
    }
    orchestrators: frozenset[str] = frozenset()

    def checks_for(self, components: Sequence[Component]) -> Iterator[Check]:
        """See Cloud."""
        for component in components:
            if (component.type, component.flavor) == ("artifact_store", "s3"):
                check = partial(check_bucket, str(component.configuration["path"]))
                yield Check("bucket", check, before_runs=True)

    def translate_error(self, error: BaseException) -> OperationError | None:
        """See Cloud."""
        for cause in causes(error):
            kinds = {kind.__name__ for kind in type(cause).__mro__ if _is_botocores(kind)}
            for names, problem, remedy in REMEDIES:
                if kinds & names:
                    details = " ".join(str(cause).split())[:300]
                    return OperationError(f"AWS: {problem}: {details}: {remedy}")
        return None

    def job_error(self, orchestrator: BaseOrchestrator, run: PipelineRunResponse) -> str:
        """Return nothing: the jobs are Kubernetes's. See Cloud."""
        return ""

    def delete_schedules(self, orchestrator: BaseOrchestrator, name: str) -> int:
        """Delete nothing, since no orchestrator of this cloud has schedules. See Cloud."""
        return 0

    def delete_noncurrent(self, uri: str) -> int:
        """See Cloud."""
        if not uri.startswith(BUCKETS):
            return 0
        import boto3

        client = boto3.client("s3")
        pages = client.get_paginator("list_object_versions")
        bucket, deleted = uri.removeprefix(BUCKETS).split("/")[0], 0
        for page in pages.paginate(Bucket=bucket):
            versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            for version in versions:
                if "ETag" in version and version["IsLatest"]:
                    continue  # a current object; a delete marker has no ETag
                client.delete_object(
                    Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"]
                )
                deleted += "ETag" in version
        return deleted


def _is_botocores(kind: type) -> bool:
    """Return whether a class is botocore's: Google's client has a `ClientError`, too."""
    return kind.__module__.partition(".")[0] == "botocore"


def check_bucket(path: str) -> str:
    """Check that AWS accepts the credentials, and that a bucket exists and can be read.

    Args:
        path: An s3:// URI in the bucket.

    Returns:
        A line with the bucket's name.

    Raises:
        CheckFailed: If there are no credentials, no such bucket, or no permission to read it.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    name = path.removeprefix(BUCKETS).partition("/")[0]
    limits = Config(connect_timeout=TIMEOUT_SECONDS, read_timeout=TIMEOUT_SECONDS)
    try:
        boto3.client("s3", config=limits).list_objects_v2(Bucket=name, MaxKeys=1)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucket":
            cause, remedy = f"{BUCKETS}{name} does not exist", f"aws s3 mb {BUCKETS}{name}"
        else:
            cause = f"{BUCKETS}{name} cannot be read: {error.response['Error']['Code']}"
            remedy = "grant this identity s3:ListBucket, s3:GetObject and s3:PutObject on it"
        raise CheckFailed(cause, remedy) from None
    except BotoCoreError as error:
        raise CheckFailed(f"AWS cannot be asked: {error}", LOGIN) from None
    return f"{BUCKETS}{name} can be read"


CLOUD: Cloud = AmazonWebServices()
