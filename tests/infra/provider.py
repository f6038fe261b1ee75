"""A Terraform provider that only knows its schema, so that `terraform validate` works offline."""

import sys
from pathlib import Path
from typing import Any

import tf.provider
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc
from tf.runner import run_provider


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


if __name__ == "__main__":
    tf.provider.ProviderServicer = SchemaOnly
    run_provider(Path(sys.argv[1]), sys.argv)
