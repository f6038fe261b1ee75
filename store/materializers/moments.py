"""Moments of a shard's features, and their projections, as arrays."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from zenml.enums import ArtifactType

from faces.models.moments import Moments
from store.materializers.base import FileMaterializer

ARRAY_FILE = "array.npy"


class MomentsMaterializer(FileMaterializer):
    """Moments as one .npz file."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (Moments,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.STATISTICS

    def save(self, moments: Moments) -> None:
        """Write moments.npz. See BaseMaterializer."""
        arrays = {"total": moments.total, "second": moments.second}
        self.write_arrays("moments.npz", {"count": np.array(moments.count), **arrays})

    def load(self, data_type: type) -> Moments:
        """Read what `save` wrote. See BaseMaterializer."""
        arrays = self.read_arrays("moments.npz")
        return Moments(int(arrays.pop("count")), **arrays)  # type: ignore[arg-type]


class ArrayMaterializer(FileMaterializer):
    """An array as .npy, mapped into memory where the store is local."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (np.ndarray,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, array: NDArray[np.generic]) -> None:
        """Write array.npy. See BaseMaterializer."""
        with self.artifact_store.open(self.path(ARRAY_FILE), "wb") as file:
            np.save(file, array, allow_pickle=False)

    def load(self, data_type: type) -> NDArray[np.generic]:
        """Read what `save` wrote. See BaseMaterializer."""
        return self.read_array(self.uri, ARRAY_FILE)
