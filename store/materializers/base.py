"""What the materializers share: files in an artifact's folder."""

import os
from io import BytesIO
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from zenml.materializers.base_materializer import BaseMaterializer


class FileMaterializer(BaseMaterializer):
    """Reads and writes the files of an artifact in any artifact store."""

    SKIP_REGISTRATION: ClassVar[bool] = True

    def path(self, name: str) -> str:
        """Return the path of one of the artifact's files.

        Args:
            name: File name within the artifact's folder.

        Returns:
            A path or URI that the artifact store can open.
        """
        return os.path.join(self.uri, name)

    def write(self, name: str, content: bytes | str) -> None:
        """Write one of the artifact's files.

        Args:
            name: File name within the artifact's folder.
            content: Bytes, or text to encode as UTF-8.
        """
        data = content.encode() if isinstance(content, str) else content
        with self.artifact_store.open(self.path(name), "wb") as file:
            file.write(data)

    def read(self, name: str) -> bytes:
        """Read one of the artifact's files.

        Args:
            name: File name within the artifact's folder.

        Returns:
            Its content.
        """
        with self.artifact_store.open(self.path(name), "rb") as file:
            data: bytes = file.read()
        return data

    def read_array(self, uri: str, name: str) -> NDArray[Any]:
        """Read an array of an artifact, mapped into memory where the store is local.

        Args:
            uri: The artifact's folder.
            name: Name of a .npy file.

        Returns:
            The array.
        """
        path = os.path.join(uri, name)
        if os.path.exists(path):
            mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
            return mapped
        with self.artifact_store.open(path, "rb") as file:
            array: NDArray[Any] = np.load(BytesIO(file.read()), allow_pickle=False)
        return array

    def write_arrays(self, name: str, arrays: dict[str, NDArray[np.generic]]) -> None:
        """Write arrays to one .npz file, without pickle.

        Args:
            name: File name within the artifact's folder.
            arrays: Arrays by name; none of dtype object.
        """
        buffer = BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        self.write(name, buffer.getvalue())

    def read_arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """Read the arrays of an .npz file; pickled objects are rejected.

        Args:
            name: File name within the artifact's folder.

        Returns:
            Arrays by name.
        """
        with np.load(BytesIO(self.read(name)), allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
