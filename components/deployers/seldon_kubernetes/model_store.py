"""Models where pods can fetch them: one object a version, named after its content."""

import fsspec

from faces.errors import OperationError
from faces.runtime.portable import file_hash


def model_uri(folder: str, version: str, hash_: str) -> str:
    """Where a version is put."""
    return f"{folder.rstrip('/')}/{version}-{hash_[:12]}.npz"


def upload(uri: str, data: bytes) -> None:
    """Put a model where pods can fetch it; nothing is done if it is there. Raises OperationError.

    Objects of a bucket are there whole or not at all.
    """
    system, path = fsspec.url_to_fs(uri)
    try:
        if not (system.exists(path) and system.cat_file(path) == data):
            if "file" in system.protocol:
                system.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            system.pipe_file(path, data)
    except Exception as error:
        raise OperationError(f"{uri} cannot be written: {error}") from error


def locate(folder: str, version: str) -> tuple[str, str]:
    """Where a version was put, and its hash. Raises OperationError if it is gone or damaged."""
    system, path = fsspec.url_to_fs(folder)
    found = sorted(system.glob(f"{path.rstrip('/')}/{version}-*.npz"))
    if not found:
        raise OperationError(f"version {version} is not in {folder}: it cannot be put back")
    hash_ = file_hash(system.cat_file(found[-1]))
    uri = model_uri(folder, version, hash_)
    if uri.rsplit("/", 1)[-1] != found[-1].rsplit("/", 1)[-1]:
        raise OperationError(f"{found[-1]} is damaged: version {version} cannot be put back")
    return uri, hash_
