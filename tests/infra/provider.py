"""Terraform providers that only know their schemas, so that Terraform works offline."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc

from tests.infra.access import INFRA

HERE = Path(__file__).parent
PROVIDERS = ("google", "helm", "kubernetes", "random")


class SchemaOnly(rpc.ProviderServicer):
    """Answers `terraform validate`: whatever has the schema's form is valid."""

    def __init__(self, schema: Path) -> None:
        self.schema = pb.GetProviderSchema.Response.FromString(schema.read_bytes())

    def GetMetadata(self, request: Any, context: Any) -> pb.GetMetadata.Response:
        kinds = pb.GetMetadata
        return pb.GetMetadata.Response(
            server_capabilities=self.schema.server_capabilities,
            resources=[
                kinds.ResourceMetadata(type_name=name) for name in self.schema.resource_schemas
            ],
            data_sources=[
                kinds.DataSourceMetadata(type_name=name) for name in self.schema.data_source_schemas
            ],
        )

    def GetProviderSchema(self, request: Any, context: Any) -> Any:
        return self.schema

    def ValidateProviderConfig(self, request: Any, context: Any) -> Any:
        return pb.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request: Any, context: Any) -> Any:
        return pb.ValidateResourceConfig.Response()

    def ValidateDataResourceConfig(self, request: Any, context: Any) -> Any:
        return pb.ValidateDataResourceConfig.Response()

    def StopProvider(self, request: Any, context: Any) -> Any:
        return pb.StopProvider.Response()


@contextmanager
def stub_providers(folder: Path) -> Iterator[dict[str, str]]:
    """Serve the providers during the block; yields the environment in which Terraform uses them.

    Each is a server on a socket in the folder, with the schemas of the types in infra/gcp.
    """
    servers, addresses = [], {}
    for name in PROVIDERS:
        schema, socket = folder / f"{name}.pb", folder / f"{name}.socket"
        program = str(HERE / "schemas.py")
        command = [sys.executable, program, name, str(schema), *sorted(_types(name))]
        subprocess.run(command, check=True)
        server = grpc.server(ThreadPoolExecutor(4))
        rpc.add_ProviderServicer_to_server(SchemaOnly(schema), server)
        server.add_insecure_port(f"unix://{socket}")
        server.start()
        servers.append(server)
        addresses[f"registry.terraform.io/hashicorp/{name}"] = {
            "Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True,
            "Addr": {"Network": "unix", "String": str(socket)},
        }  # fmt: skip
    yield {
        "TF_REATTACH_PROVIDERS": json.dumps(addresses),
        "PATH": "/usr/bin:/bin:/usr/local/bin",
        "CHECKPOINT_DISABLE": "1",
    }
    for server in servers:
        server.stop(grace=None)


def _types(provider: str) -> set[str]:
    text = "\n".join(file.read_text() for file in INFRA.glob("*.tf"))
    found = re.findall(rf'^(resource|data) "({provider}_\w+)"', text, re.MULTILINE)
    return {f"data.{kind}" if block == "data" else kind for block, kind in found}
