"""Names of capture files: when each was started, by which process. Standard library only."""

import re
import time
from calendar import timegm
from pathlib import Path
from typing import Any

SUFFIX = ".faces"
TIME_FORMAT = "%Y%m%dT%H%M%SZ"
FILE_NAME = re.compile(rf"\d{{8}}T\d{{6}}Z-\d+-\d+{re.escape(SUFFIX)}")

CLOSE_REQUEST = ".close"
"""When this file in the folder is touched, every worker closes its capture file."""


def file_name(process: int, number: int) -> str:
    """Return the name of a capture file that is started now.

    Args:
        process: The id of the process that writes it.
        number: Counts the files of that process.
    """
    return f"{time.strftime(TIME_FORMAT, time.gmtime())}-{process}-{number}{SUFFIX}"


def is_capture_file(name: str) -> bool:
    """Return whether a file is named like a capture file; others are left alone.

    Args:
        name: The file's name.
    """
    try:
        return FILE_NAME.fullmatch(name) is not None and started_at(name) > 0
    except ValueError:
        return False


def started_at(name: str) -> float:
    """Return when a capture file was started, in seconds since 1970.

    Args:
        name: The file's name.
    """
    return timegm(time.strptime(name.split("-", 1)[0], TIME_FORMAT))


def capture_files(folder: Path) -> list[Path]:
    """Find the capture files in a folder, the oldest first.

    Args:
        folder: The folder, which may be missing.

    Returns:
        Their paths.
    """
    return sorted(file for file in folder.glob(f"*{SUFFIX}") if is_capture_file(file.name))


def remote_capture_files(system: Any, path: str) -> list[str]:
    """Find the capture files in a folder that fsspec knows, the oldest first.

    Args:
        system: The file system.
        path: The folder.

    Returns:
        Their paths.
    """
    names = system.glob(f"{path.rstrip('/')}/*{SUFFIX}")
    return sorted(name for name in names if is_capture_file(name.rsplit("/", 1)[-1]))
