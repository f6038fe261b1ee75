"""Models where pods can fetch them: one object per version, named after its content."""

from collections.abc import Collection
from dataclasses import dataclass

import fsspec

from components.deployers.endpoint import ModelArtifact
from faces.errors import OperationError
from faces.runtime.portable import file_hash


@dataclass(frozen=True)
class StoredModel:
    """A model in the store: its version, the object's URI and the hash of its content."""

    version: str
    uri: str
    hash: str


def upload(folder: str, model: ModelArtifact) -> StoredModel:
    """Store a model, unless it is there already. Objects in a bucket are complete or absent.

    Args:
        folder: URI of the folder with all versions.
        model: The model's version and content.

    Returns:
        The version, its object's URI and its hash.

    Raises:
        OperationError: If it cannot be written.
    """
    stored = StoredModel(model.version, _uri(folder, model.version, model.hash), model.hash)
    system, path = fsspec.url_to_fs(stored.uri)
    try:
        if not (system.exists(path) and system.cat_file(path) == model.data):
            if "file" in system.protocol:
                system.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            system.pipe_file(path, model.data)
        if model.statements:
            system.pipe_file(path.removesuffix(".npz") + ".jsonl", model.statements.encode())
    except Exception as error:
        raise OperationError(f"{stored.uri} cannot be written: {error}") from error
    return stored


def locate(folder: str, version: str) -> StoredModel:
    """Find the latest stored file of a version.

    Args:
        folder: URI of the folder with all versions.
        version: A version that was uploaded before.

    Returns:
        The version, its object's URI and its hash.

    Raises:
        OperationError: If it is missing or damaged.
    """
    system, path = fsspec.url_to_fs(folder)
    paths = sorted(system.glob(f"{path.rstrip('/')}/{version}-*.npz"))
    if not paths:
        raise OperationError(f"version {version} is not in {folder}: it cannot be restored")
    hash_ = file_hash(system.cat_file(paths[-1]))
    uri = _uri(folder, version, hash_)
    if uri.rsplit("/", 1)[-1] != paths[-1].rsplit("/", 1)[-1]:
        raise OperationError(f"{paths[-1]} is damaged: version {version} cannot be restored")
    return StoredModel(version, uri, hash_)


def delete(folder: str, versions: Collection[int]) -> int:
    """Delete the stored files of versions.

    Args:
        folder: URI of the folder with all versions.
        versions: Their numbers.

    Returns:
        The number of files.
    """
    system, path = fsspec.url_to_fs(folder)
    files = [
        file for number in versions for file in system.glob(f"{path.rstrip('/')}/{number}-*.npz")
    ]
    for file in files:
        system.rm_file(file)
        statements = file.removesuffix(".npz") + ".jsonl"
        if system.exists(statements):
            system.rm_file(statements)
    return len(files)


def _uri(folder: str, version: str, hash_: str) -> str:
    return f"{folder.rstrip('/')}/{version}-{hash_[:12]}.npz"
