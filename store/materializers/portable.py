"""Portable models as artifacts."""

from typing import ClassVar

from zenml.enums import ArtifactType
from zenml.metadata.metadata_types import MetadataType

from faces.models.quantization import NONE
from faces.runtime.portable import PortableModel, file_hash, read_portable, write_portable
from store.materializers.base import FileMaterializer


class PortableMaterializer(FileMaterializer):
    """A portable model in its deployable file, with the hash that it is checked against."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (PortableModel,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.MODEL

    def save(self, model: PortableModel) -> None:
        """Write model.npz and its SHA-256. See BaseMaterializer."""
        data = write_portable(model)
        self.write("model.npz", data)
        self.write("model.sha256", file_hash(data))

    def load(self, data_type: type) -> PortableModel:
        """Read what `save` wrote, if it has its recorded hash. See BaseMaterializer."""
        return read_portable(self.read("model.npz"), self.read("model.sha256").decode())

    def extract_metadata(self, model: PortableModel) -> dict[str, MetadataType]:
        """Return classes, operators, and how weights are stored. See BaseMaterializer."""
        return {
            "classes": len(model.classes),
            "operators": [name for name, _ in model.operators],
            "quantization": model.quantization or NONE,
        }
