"""Pin the base of the container images: ask its registry for the digest, and write the Dockerfiles.

    python -m scripts.pin_base

The tag stays in front of the digest, so the same command updates the digest later. It needs access
to the base's registry, but neither an account nor a container engine.
"""

import re

import requests

from components.deployers.container_images import DOCKERFILES
from faces.errors import OperationError, UserError
from store.code_hash import ROOT

BASE = re.compile(r"^ARG BASE=(([^/\s]+)/([^:@\s]+):([^@\s]+))(@\S+)?$", re.MULTILINE)
CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
HOSTS = {"docker.io": "https://registry-1.docker.io"}
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json"
)
TIMEOUT_SECONDS = 30


def main() -> None:
    """Write the digest to each Dockerfile.

    Raises:
        UserError: If a Dockerfile does not name its base as REGISTRY/REPOSITORY:TAG.
    """
    for name in DOCKERFILES.values():
        file = ROOT / name
        text = file.read_text()
        if not (base := BASE.search(text)):
            raise UserError(f"{name}: there is no line ARG BASE=REGISTRY/REPOSITORY:TAG")
        tagged, registry, repository, tag, _ = base.groups()
        digest = resolve_digest(HOSTS.get(registry, f"https://{registry}"), repository, tag)
        file.write_text(text.replace(base[0], f"ARG BASE={tagged}@{digest}"))
        print(f"{name}: {tagged}@{digest}")


def resolve_digest(registry: str, repository: str, tag: str) -> str:
    """Ask a registry for the digest of an image for all platforms.

    Args:
        registry: The registry's address.
        repository: Such as "library/python".
        tag: Such as "3.11-slim-bookworm".

    Returns:
        "sha256:…".

    Raises:
        OperationError: If the registry does not respond, or does not know the image.
    """
    url, headers = f"{registry}/v2/{repository}/manifests/{tag}", {"Accept": MANIFESTS}
    try:
        response = requests.head(url, headers=headers, timeout=TIMEOUT_SECONDS)
        if response.status_code == requests.codes.unauthorized:
            headers["Authorization"] = f"Bearer {_token(response)}"
            response = requests.head(url, headers=headers, timeout=TIMEOUT_SECONDS)
        response.raise_for_status()
    except requests.RequestException as error:
        raise OperationError(f"the digest of {repository}:{tag} is unknown: {error}") from None
    return response.headers["Docker-Content-Digest"]


def _token(response: requests.Response) -> str:
    """Fetch the token that an unauthorized response asks for."""
    challenge = dict(CHALLENGE.findall(response.headers["WWW-Authenticate"]))
    realm = challenge.pop("realm")
    answer = requests.get(realm, params=challenge, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    return str(answer.json()["token"])


if __name__ == "__main__":
    main()
