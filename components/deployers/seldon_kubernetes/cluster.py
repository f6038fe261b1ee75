"""One namespace of a Kubernetes cluster, as far as the deployer uses it."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from components.deployers.seldon_kubernetes.manifest import (
    API,
    FEEDBACK_KEY,
    GROUP,
    PLURAL,
    SECRET,
    TOKEN_KEY,
    Manifest,
    read_replicas,
    revision,
)
from components.deployers.seldon_kubernetes.retrying import Response, retry
from faces import NAME
from faces.errors import OperationError
from serving.tokens import FEEDBACK_TOKENS, TOKEN, Tokens

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

TIMEOUT_SECONDS = (5.0, 10.0)
"""Seconds to connect, and to wait for a response. The client ignores a single float."""

POD_LABEL = "seldon-deployment-id"
"""The label that Seldon sets on the pods of a deployment."""

REMEDIES = {
    401: "the login was rejected: gcloud auth application-default login, or renew the connector",
    403: "this identity lacks the role 'deployer' (infra/gcp/cluster.tf)",
    404: "it has no Seldon Core, or no such namespace: infra/gcp/cluster.tf",
    409: "another deployment is in progress: check what is deployed, and try again",
    429: "it is overloaded: try again",
}


class Cluster:
    """SeldonDeployment, secret and pods in one namespace.

    Requests are retried. Every method raises OperationError if the cluster still refuses or does
    not respond.
    """

    def __init__(self, connect: Callable[[], "ApiClient"], namespace: str) -> None:
        """Use a namespace of a cluster.

        Args:
            connect: Returns a client with new credentials; called again if they expire.
            namespace: The namespace.
        """
        self.namespace = namespace
        self._connect = connect
        self._renew()

    def _renew(self) -> None:
        from kubernetes.client import CoreV1Api, CustomObjectsApi

        client = self._connect()
        client.rest_client.pool_manager.connection_pool_kw["retries"] = False
        self.host: str = client.configuration.host
        self._core, self._custom = CoreV1Api(client), CustomObjectsApi(client)

    def find(self) -> Manifest | None:
        """Return the SeldonDeployment, None if there is none."""
        response: Manifest = self._send(
            "read the SeldonDeployment",
            lambda: self._custom.list_namespaced_custom_object(
                *self._resource(),
                field_selector=f"metadata.name={NAME}",
                _request_timeout=TIMEOUT_SECONDS,
            ),
        )
        items: list[Manifest] = response["items"]
        return next((item for item in items if item["metadata"]["name"] == NAME), None)

    def apply(self, desired: Manifest, replaces: Manifest | None) -> None:
        """Create or replace the SeldonDeployment.

        Args:
            desired: The manifest to apply.
            replaces: The SeldonDeployment as it was read; None to create one. Kubernetes refuses if
                someone else has changed it since (optimistic concurrency by `resourceVersion`).

        Raises:
            OperationError: If it was not applied. A lost response, after which a second attempt
                conflicts with the first, is no error.
        """

        def request() -> object:
            if replaces is None:
                return self._custom.create_namespaced_custom_object(
                    *self._resource(), desired, _request_timeout=TIMEOUT_SECONDS
                )
            version = replaces["metadata"]["resourceVersion"]
            body = {**desired, "metadata": {**desired["metadata"], "resourceVersion": version}}
            return self._custom.replace_namespaced_custom_object(
                *self._resource(), NAME, body, _request_timeout=TIMEOUT_SECONDS
            )

        try:
            self._send("change the SeldonDeployment", request)
        except OperationError:
            if _identity(self.find()) != _identity(desired):
                raise

    def delete(self) -> None:
        """Delete the SeldonDeployment with its pods.

        Raises:
            OperationError: If it is still there.
        """
        try:
            self._send(
                "delete the SeldonDeployment",
                lambda: self._custom.delete_namespaced_custom_object(
                    *self._resource(), NAME, _request_timeout=TIMEOUT_SECONDS
                ),
            )
        except OperationError:
            if self.find() is not None:
                raise

    def put_tokens(self, tokens: Tokens) -> None:
        """Write the secret that pods read the tokens from.

        Args:
            tokens: The bearer tokens; the API wants them in base64.
        """
        from kubernetes.client.exceptions import ApiException

        values = tokens.to_environment()
        data = {TOKEN_KEY: values[TOKEN], FEEDBACK_KEY: values[FEEDBACK_TOKENS]}
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": SECRET},
            "type": "Opaque",
            "data": {key: base64.b64encode(v.encode()).decode() for key, v in data.items()},
        }

        def request() -> None:
            try:
                self._core.replace_namespaced_secret(
                    SECRET, self.namespace, body, _request_timeout=TIMEOUT_SECONDS
                )
            except ApiException as error:
                if error.status != 404:
                    raise
                self._core.create_namespaced_secret(
                    self.namespace, body, _request_timeout=TIMEOUT_SECONDS
                )

        self._send("write the secret", request)

    def pods(self) -> list[Manifest]:
        """Return the deployment's pods."""
        response = self._send(
            "list the pods",
            lambda: self._core.list_namespaced_pod(
                self.namespace,
                label_selector=f"{POD_LABEL}={NAME}",
                _request_timeout=TIMEOUT_SECONDS,
            ),
        )
        pods: list[Manifest] = self._core.api_client.sanitize_for_serialization(response.items)
        return pods

    def log(self, pod: str, lines: int = 100, previous: bool = False) -> str:
        """Return the end of a pod's log, "" if it is not available.

        Args:
            pod: The pod's name.
            lines: The number of lines.
            previous: Whether to read the log of the container that crashed before the present one.
        """
        try:
            with self._translate_errors("read a pod's log"):
                text: str = self._core.read_namespaced_pod_log(
                    pod,
                    self.namespace,
                    container=NAME,
                    tail_lines=lines,
                    previous=previous,
                    _request_timeout=TIMEOUT_SECONDS,
                )
        except OperationError:
            return ""
        return text

    def _resource(self) -> tuple[str, str, str, str]:
        """Return what identifies SeldonDeployments in calls of the custom objects API."""
        return GROUP, API, self.namespace, PLURAL

    def _send(self, action: str, request: Callable[[], Response]) -> Response:
        with self._translate_errors(action):
            return retry(request, self._renew)

    @contextmanager
    def _translate_errors(self, action: str) -> Iterator[None]:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except HTTPError as error:
            raise OperationError(
                f"the cluster at {self.host} does not respond ({type(error).__name__}): is it "
                "running, and is this machine in authorized_networks?"
            ) from error
        except ApiException as error:
            remedy = REMEDIES.get(error.status, (error.body or "")[:200])
            raise OperationError(
                f"the cluster refused to {action} in namespace '{self.namespace}' "
                f"({error.status} {error.reason}): {remedy}"
            ) from error


def _identity(deployment: Manifest | None) -> tuple[str, int] | None:
    return (revision(deployment), read_replicas(deployment)) if deployment else None
