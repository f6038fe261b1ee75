"""The models in the local server's folder."""

from pathlib import Path

from faces.errors import OperationError
from faces.runtime.portable import file_hash
from serving.settings import read_candidate, read_current, statements_file

KEPT_MODELS = 5
"""The latest models are kept: those that are served, and some that were served before."""


def read_model(folder: Path, version: str) -> bytes:
    """Read the file of a version that was served before, and check its hash.

    Args:
        folder: The server's folder.
        version: The version.

    Returns:
        The file's content.

    Raises:
        OperationError: If the file is missing or damaged.
    """
    files = sorted(folder.glob(f"models/{version}-*.npz"))
    if not files:
        raise OperationError(f"the model of version {version} is missing in {folder}")
    data = files[-1].read_bytes()
    if not files[-1].stem.endswith(file_hash(data)[:12]):
        raise OperationError(f"{files[-1]} is damaged: version {version} cannot be restored")
    return data


def delete_old_models(folder: Path) -> None:
    """Delete all but the latest models; each can be deployed again from its artifact.

    Args:
        folder: The server's folder.
    """
    current = read_current(folder)
    used = {current["version"] if current else None, read_candidate(folder)}
    files = sorted(folder.glob("models/*.npz"), key=lambda file: file.stat().st_mtime)
    for file in files[:-KEPT_MODELS]:
        if file.name.split("-")[0] not in used:
            delete_model(file)


def delete_model(file: Path) -> None:
    """Delete a model with the statements about it.

    Args:
        file: The model's file.
    """
    file.unlink()
    statements_file(file).unlink(missing_ok=True)
