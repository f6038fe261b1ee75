"""Files that a run writes: checked before it starts, and readable by their owner only."""

import os
from pathlib import Path

from faces.errors import UserError


def check_output_file(option: str, file: Path) -> None:
    """Check that a file can be written, so that a mistake is not found only after the run.

    Args:
        option: The option that names the file, with dashes.
        file: The file, which may exist: it is then replaced.

    Raises:
        UserError: If it is a folder, or its folder is missing or not writable.
    """
    if file.is_dir():
        raise UserError(f"{option} {file} is a folder: name a file in it")
    folder = file.absolute().parent
    if not folder.is_dir():
        raise UserError(f"{option} {file}: there is no folder '{folder}': mkdir -p {folder}")
    place = file if file.exists() else folder
    if not os.access(place, os.W_OK):
        raise UserError(f"{option} {file}: no permission to write to {place}: name another file")


def write_owner_only(path: Path, content: str | bytes) -> None:
    """Write a file that only its owner can read: it is about people.

    Args:
        path: The file, which is replaced if it exists.
        content: Its new content.
    """
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
