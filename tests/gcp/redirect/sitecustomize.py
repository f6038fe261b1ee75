"""Redirect Vertex AI's host name to the fake at VERTEX_DOUBLE, as a private DNS would.

Python runs this at its start where this folder is on PYTHONPATH; tests call `redirect` themselves.
The clients' endpoints are all that is changed, when ZenML's orchestrator is first imported.
"""

import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

ORCHESTRATOR = "zenml.integrations.gcp.orchestrators.vertex_orchestrator"


class Redirect(MetaPathFinder):
    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if name != ORCHESTRATOR:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path)
        assert spec is not None
        assert spec.loader is not None
        spec.loader = Then(spec.loader)
        return spec


class Then(Loader):
    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        from google.cloud import aiplatform

        url = os.environ["VERTEX_DOUBLE"]
        aiplatform.init(api_endpoint=url, api_transport="rest")

        def client(self: Any) -> aiplatform.gapic.JobServiceClient:
            credentials, _ = self._get_authentication()
            return aiplatform.gapic.JobServiceClient(
                credentials=credentials, transport="rest", client_options={"api_endpoint": url}
            )

        module.VertexOrchestrator.get_job_service_client = client


if "VERTEX_DOUBLE" in os.environ:
    sys.meta_path.insert(0, Redirect())
