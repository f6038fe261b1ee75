"""One namespace of a cluster, as far as the deployer uses it, with errors for a person."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from components.deployers.seldon_kubernetes.manifest import API, GROUP, PLURAL, SECRET, TOKEN_KEY
from faces import NAME
from faces.errors import OperationError

TIMEOUT_SECONDS = (5.0, 10.0)
"""Seconds to connect, and for an answer. The client takes no notice of a single float."""

REFUSALS = {
    401: "its login is not accepted: gcloud auth application-default login, or renew the connector",
    403: "this identity may not do that: it needs the role 'deployer' (infra/gcp/cluster.tf)",
    404: "it has no Seldon Core, or no such namespace: infra/gcp/cluster.tf",
    409: "somebody else deploys at the same time: look, and try again",
    429: "it has too much to do: try again",
}


class Cluster:
    """What is done with SeldonDeployment, Secret and pods in one namespace.

    Every method raises OperationError if the cluster does not answer or refuses.
    """

    def __init__(self, client: Any, namespace: str) -> None:
        """`client` is an `ApiClient` of the package kubernetes."""
        from kubernetes.client import CoreV1Api, CustomObjectsApi

        client.rest_client.pool_manager.connection_pool_kw["retries"] = False
        self.namespace = namespace
        self.host: str = client.configuration.host
        self._core, self._custom = CoreV1Api(client), CustomObjectsApi(client)

    def find(self) -> dict[str, Any] | None:
        """The SeldonDeployment, None if there is none."""
        with self._translate_errors("read the SeldonDeployment"):
            found: dict[str, Any] = self._custom.list_namespaced_custom_object(
                *self._place(),
                field_selector=f"metadata.name={NAME}",
                _request_timeout=TIMEOUT_SECONDS,
            )
        return next((item for item in found["items"] if item["metadata"]["name"] == NAME), None)

    def put(self, wanted: dict[str, Any], instead_of: dict[str, Any] | None) -> None:
        """Create it, or replace what is there if that is still `instead_of`."""
        with self._translate_errors("change the SeldonDeployment"):
            if instead_of is None:
                self._custom.create_namespaced_custom_object(
                    *self._place(), wanted, _request_timeout=TIMEOUT_SECONDS
                )
                return
            version = instead_of["metadata"]["resourceVersion"]
            body = {**wanted, "metadata": {**wanted["metadata"], "resourceVersion": version}}
            self._custom.replace_namespaced_custom_object(
                *self._place(), NAME, body, _request_timeout=TIMEOUT_SECONDS
            )

    def delete(self) -> None:
        """Delete it, with its pods."""
        with self._translate_errors("delete the SeldonDeployment"):
            self._custom.delete_namespaced_custom_object(
                *self._place(), NAME, _request_timeout=TIMEOUT_SECONDS
            )

    def put_token(self, token: str) -> None:
        """Keep the token in the secret that pods take it from."""
        from kubernetes.client.exceptions import ApiException

        value = base64.b64encode(token.encode()).decode()
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": SECRET},
            "type": "Opaque",
            "data": {TOKEN_KEY: value},
        }
        with self._translate_errors("write the secret"):
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

    def pods(self) -> list[dict[str, Any]]:
        """The deployment's pods, as the API gives them."""
        with self._translate_errors("look at the pods"):
            found = self._core.list_namespaced_pod(
                self.namespace,
                label_selector=f"seldon-deployment-id={NAME}",
                _request_timeout=TIMEOUT_SECONDS,
            )
            pods: list[dict[str, Any]] = self._core.api_client.sanitize_for_serialization(
                found.items
            )
        return pods

    def log(self, pod: str, lines: int = 100, previous: bool = False) -> str:
        """The last lines that a pod wrote; '' if it cannot be had."""
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

    def _place(self) -> tuple[str, str, str, str]:
        return GROUP, API, self.namespace, PLURAL

    @contextmanager
    def _translate_errors(self, what: str) -> Iterator[None]:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except HTTPError as error:
            raise OperationError(
                f"the cluster at {self.host} does not answer ({type(error).__name__}): is it "
                "there, and may this machine reach it (authorized_networks)?"
            ) from error
        except ApiException as error:
            why = REFUSALS.get(error.status, (error.body or "")[:200])
            raise OperationError(
                f"the cluster refused to {what} in namespace '{self.namespace}' "
                f"({error.status} {error.reason}): {why}"
            ) from error


def connect(context: str | None) -> Any:
    """A client for a context of the local kubectl. Raises OperationError if there is none."""
    from kubernetes import config

    try:
        return config.new_client_from_config(context=context)
    except config.ConfigException as error:
        raise OperationError(
            f"kubectl has no context '{context}': {str(error).splitlines()[0]}: "
            "gcloud container clusters get-credentials faces --region …"
        ) from error
