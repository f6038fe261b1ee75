"""Cloud Storage: the package gcp-storage-emulator, with callers' permissions.

It proves what the code reads, writes and lists through the real clients, and that the roles in
infra/gcp allow it. It does not prove soft deletion, life cycles, locations or quotas.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.gcp.doubles.identity import PROJECT, UNIVERSE
from tests.gcp.doubles.process import LOOPBACK, free_port, responds, serving


@contextmanager
def storage(folder: Path, environment: dict[str, str], buckets: Sequence[str]) -> Iterator[str]:
    """Serve buckets from memory; adds what clients need to `environment`, and yields the URL."""
    url = f"http://{LOOPBACK}:{(port := free_port())}"
    environment |= {
        "STORAGE_EMULATOR_HOST": url,
        "GOOGLE_CLOUD_UNIVERSE_DOMAIN": UNIVERSE,
        "GOOGLE_CLOUD_PROJECT": PROJECT,
    }
    command = [sys.executable, "-m", "tests.gcp.doubles.storage_server", str(port), str(folder)]
    with serving(command, environment, folder / "storage.log", responds(url)):
        for name in buckets:
            requests.post(f"{url}/storage/v1/b", json={"name": name}, timeout=5).raise_for_status()
        yield url
