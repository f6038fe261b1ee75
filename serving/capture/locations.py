"""Where a server has written captured requests: the present location, and earlier ones.

A setting may change where they are written. What was written before must still be found, to be
read, deleted on request and deleted after its retention period.
"""

import json
from pathlib import Path

from serving.settings import ServerSettings, atomic_write


def locations_file(folder: Path) -> Path:
    """Return the path of the list.

    Args:
        folder: The server's folder.
    """
    return folder / "capture_locations.json"


def read_locations(folder: Path) -> list[str]:
    """Return the locations that a server has written to, the oldest first.

    Args:
        folder: The server's folder.

    Returns:
        Folders, or URIs such as gs://bucket/folder.
    """
    try:
        locations: list[str] = json.loads(locations_file(folder).read_bytes())
    except FileNotFoundError:
        captured = folder / "captured"
        return [str(captured)] if captured.exists() else []
    return locations


def add_locations(settings: ServerSettings) -> None:
    """Add the locations that a server writes to, before it does.

    Args:
        settings: The server's settings.
    """
    folder = Path(settings.folder)
    known = read_locations(folder)
    present = [str(settings.capture_folder.absolute())]
    if settings.remote:
        present.append(settings.capture_uri)
    added = [location for location in present if location not in known]
    if added:
        atomic_write(locations_file(folder), json.dumps(known + added).encode())
