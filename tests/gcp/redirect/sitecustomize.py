"""Redirect Google's hosts to the fakes at VERTEX_DOUBLE and RUN_DOUBLE, as a private DNS would.

Python runs this at its start where this folder is on PYTHONPATH; tests import it themselves.
The clients' endpoints are all that is changed, when their modules are first imported.
"""

import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

STORAGE = "google.cloud.storage.client"
VERTEX = "zenml.integrations.gcp.orchestrators.vertex_orchestrator"


class Redirect(MetaPathFinder):
    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        redirect = REDIRECTED.get(name)  # kept: a search need not lead to an import
        if redirect is None:
            return None
        spec = PathFinder.find_spec(name, path)
        assert spec is not None
        assert spec.loader is not None
        spec.loader = Then(spec.loader, redirect)
        return spec


class Then(Loader):
    def __init__(self, loader: Loader, redirect: Any) -> None:
        self.loader, self.redirect = loader, redirect

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        self.redirect(module)


def redirect_vertex(module: ModuleType) -> None:
    from google.cloud import aiplatform

    url = os.environ["VERTEX_DOUBLE"]
    aiplatform.init(api_endpoint=url, api_transport="rest")

    def client(self: Any) -> aiplatform.gapic.JobServiceClient:
        credentials, _ = self._get_authentication()
        return aiplatform.gapic.JobServiceClient(
            credentials=credentials, transport="rest", client_options={"api_endpoint": url}
        )

    module.VertexOrchestrator.get_job_service_client = client


def redirect_clients(module: ModuleType) -> None:
    for client in vars(module).values():
        if hasattr(client, "_DEFAULT_ENDPOINT_TEMPLATE"):
            client._DEFAULT_ENDPOINT_TEMPLATE = os.environ["RUN_DOUBLE"]


def authenticate(module: ModuleType) -> None:
    """Let the client of Cloud Storage send its token, which it does not to an emulator."""
    import google.auth
    from google.auth.jwt import Credentials

    def signed() -> Credentials:
        return Credentials.from_signing_credentials(google.auth.default()[0], "storage")

    vars(module)["AnonymousCredentials"] = signed


def redirect() -> None:
    """Redirect the clients of those fakes whose address is in the environment."""
    if "STORAGE_EMULATOR_HOST" in os.environ:
        if STORAGE in sys.modules:
            authenticate(sys.modules[STORAGE])
        REDIRECTED[STORAGE] = authenticate
    if "VERTEX_DOUBLE" in os.environ:
        if VERTEX in sys.modules:
            redirect_vertex(sys.modules[VERTEX])
        REDIRECTED[VERTEX] = redirect_vertex
    if "RUN_DOUBLE" in os.environ:
        for name in ("google.cloud.run_v2", "google.cloud.secretmanager_v1"):
            if name in sys.modules:
                redirect_clients(sys.modules[name])
            REDIRECTED[name] = redirect_clients


REDIRECTED: dict[str, Any] = {}
sys.meta_path.insert(0, Redirect())
redirect()
