"""Cloud Storage: the package gcp-storage-emulator, and an identity that signs its own tokens.

It proves what the code reads, writes and lists through the real clients. It does not prove
permissions, soft deletion, life cycles, locations or quotas, nor that a token is accepted.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.gcp.doubles.process import LOOPBACK, free_port, responds, serving

PROJECT = "faces-project"
UNIVERSE = "gcp.localhost"
"""In another universe than Google's, a service account's key signs its own tokens."""


@contextmanager
def storage(folder: Path, environment: dict[str, str], buckets: Sequence[str]) -> Iterator[str]:
    """Serve buckets from memory; adds what clients need to `environment`, and yields the URL."""
    url = f"http://{LOOPBACK}:{(port := free_port())}"
    key = folder / "identity.json"
    key.write_text(json.dumps(_identity()))
    environment |= {
        "STORAGE_EMULATOR_HOST": url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
        "GOOGLE_CLOUD_UNIVERSE_DOMAIN": UNIVERSE,
        "GOOGLE_CLOUD_PROJECT": PROJECT,
    }
    command = [
        str(Path(sys.executable).parent / "gcp-storage-emulator"),
        "start", "--host", LOOPBACK, "--port", str(port), "--in-memory",
    ]  # fmt: skip
    with serving(command, environment, folder / "storage.log", responds(f"{url}/storage/v1/b")):
        for name in buckets:
            requests.post(f"{url}/storage/v1/b", json={"name": name}, timeout=5).raise_for_status()
        yield url


def _identity() -> dict[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    email = f"faces-pipelines@{PROJECT}.iam.gserviceaccount.com"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "0",
        "private_key": pem,
        "client_email": email,
        "client_id": "0",
        "token_uri": f"https://{UNIVERSE}/token",
        "universe_domain": UNIVERSE,
    }
