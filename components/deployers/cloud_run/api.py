"""One Cloud Run service, its revisions and its secrets, as far as the deployer uses them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from components.deployers.cloud_run.flavor import CloudRunConfig
from components.deployers.cloud_run.revision import Resource
from components.deployers.cloud_run.traffic import same
from faces.errors import OperationError

TIMEOUT_SECONDS = 10.0
"""Seconds that one attempt of a request may take."""

RETRY_SECONDS = 20.0
"""Seconds after which a request is not sent again."""

FIRST_DELAY_SECONDS = 0.5

REMEDIES = {
    401: "the login was rejected: gcloud auth application-default login",
    403: "this identity lacks a role (infra/gcp/cloud_run.tf)",
    404: 'infra/gcp creates it: terraform apply with serving = "cloud_run"',
    409: "another deployment is in progress: check what is deployed, and try again",
    429: "a quota is exhausted: try again",
}


class CloudRun:
    """A service that exists already: infra/gcp creates it with its address.

    Requests are retried. Every method raises OperationError if Google still refuses or does not
    respond.
    """

    def __init__(self, config: CloudRunConfig) -> None:
        """Use the service of a stack component.

        Args:
            config: The component's configuration.
        """
        from google.cloud import run_v2, secretmanager_v1

        self.config = config
        self.name = (
            f"projects/{config.project}/locations/{config.location}/services/{config.service}"
        )
        self._services = run_v2.ServicesClient(transport="rest")
        self._revisions = run_v2.RevisionsClient(transport="rest")
        self._secrets = secretmanager_v1.SecretManagerServiceClient(transport="rest")
        self._run = run_v2

    def find(self) -> Resource:
        """Return the service."""
        found = self._send("read the service", self._services.get_service, name=self.name)
        return _to_dict(found)

    def revisions(self) -> list[Resource]:
        """Return all revisions of the service, also those without traffic."""

        def listing(**options: Any) -> list[Any]:
            return list(self._revisions.list_revisions(parent=self.name, **options))

        return [_to_dict(r) for r in self._send("list the revisions", listing)]

    def revision(self, name: str) -> Resource:
        """Return a revision.

        Args:
            name: Its name without its parents.
        """
        full = f"{self.name}/revisions/{name}"
        return _to_dict(self._send("read a revision", self._revisions.get_revision, name=full))

    def update(self, service: Resource, **changes: Any) -> None:
        """Change the service. Google carries it out afterwards.

        Args:
            service: The service as it was read. Google refuses if someone else has changed it since
                (its etag).
            changes: New values of `template`, `traffic` or `scaling`.

        Raises:
            OperationError: If it was not changed. A lost response, after which a second attempt
                conflicts with the first, is no error.
        """
        request = self._run.UpdateServiceRequest(
            service={"name": self.name, "etag": service["etag"], **changes},
            update_mask={"paths": list(changes)},
        )
        try:
            self._send("change the service", self._services.update_service, request=request)
        except OperationError:
            if not _has(self.find(), changes):
                raise

    def store_secret(self, secret: str, value: str) -> str:
        """Store a value in a secret, unless its latest version has it.

        Args:
            secret: The name of a secret in the project.
            value: The value.

        Returns:
            The name of the version, which never changes.

        Raises:
            OperationError: If it cannot be stored.
        """
        parent = f"projects/{self.config.project}/secrets/{secret}"
        payload = {"data": value.encode()}
        try:
            latest = self._send(
                "read a secret",
                self._secrets.access_secret_version,
                name=f"{parent}/versions/latest",
            )
            if latest.payload.data == payload["data"]:
                return str(latest.name)
        except OperationError as error:
            if getattr(error.__cause__, "code", None) != 404:
                raise
        added = self._send(
            "add a secret version",
            self._secrets.add_secret_version,
            parent=parent,
            payload=payload,
        )
        return str(added.name)

    def _send(self, action: str, method: Callable[..., Any], **request: Any) -> Any:
        from google.api_core import exceptions
        from google.api_core.retry import Retry, if_exception_type
        from google.auth.exceptions import GoogleAuthError
        from requests.exceptions import ConnectionError, Timeout

        transient = if_exception_type(
            exceptions.TooManyRequests,
            exceptions.ServerError,
            exceptions.Forbidden,  # a new role takes seconds to take effect
            exceptions.Unauthorized,
            ConnectionError,
            Timeout,
        )
        retry = Retry(
            predicate=transient,
            initial=FIRST_DELAY_SECONDS,
            maximum=4 * FIRST_DELAY_SECONDS,
            timeout=RETRY_SECONDS,
        )
        with _translated(action, self.name):
            try:
                return method(**request, retry=retry, timeout=TIMEOUT_SECONDS)
            except exceptions.RetryError as error:
                raise (error.cause or error) from None
            except GoogleAuthError as error:
                raise OperationError(f"Google rejected the login ({error}): {REMEDIES[401]}") from (
                    error
                )


@contextmanager
def _translated(action: str, name: str) -> Iterator[None]:
    from google.api_core.exceptions import GoogleAPICallError
    from requests.exceptions import RequestException

    try:
        yield
    except RequestException as error:
        raise OperationError(
            f"Google does not respond ({type(error).__name__}): is this machine online?"
        ) from error
    except GoogleAPICallError as error:
        remedy = REMEDIES.get(error.code, str(error.message)[:200])
        raise OperationError(
            f"Google refused to {action} of {name} ({error.code}): {remedy}"
        ) from error


def _to_dict(message: Any) -> Resource:
    resource: Resource = type(message).to_dict(message, use_integers_for_enums=False)
    return resource


def _has(service: Resource, changes: Resource) -> bool:
    """Return whether a service has been changed already."""
    template = changes.get("template", {})
    return (
        ("template" not in changes or service["template"]["revision"] == template["revision"])
        and ("traffic" not in changes or same(service["traffic"], changes["traffic"]))
        and ("scaling" not in changes or _scaling(service) == _scaling(changes))
    )


def _scaling(service: Resource) -> tuple[str, int]:
    scaling = service["scaling"]
    return scaling["scaling_mode"], scaling.get("manual_instance_count") or 0
