"""The check of the container images, with the answers of Artifact Registry."""

from typing import Any

import pytest

from components.checks import CheckFailed
from components.clouds.gcp_checks import check_container_images
from components.deployers.container_images import IMAGES, image_name
from tests.gcp.cloud import REGISTRY


class Registry:
    """Artifact Registry's client; `error` is raised for what is named in `missing`."""

    error: Exception | None = None
    missing = ""

    def get_repository(self, name: str, **_: Any) -> None:
        self._find(name)

    def get_tag(self, name: str, **_: Any) -> None:
        self._find(name)

    def _find(self, name: str) -> None:
        if self.error is not None and name.endswith(self.missing):
            raise self.error


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    from google.cloud import artifactregistry_v1

    registry = Registry()
    monkeypatch.setattr(artifactregistry_v1, "ArtifactRegistryClient", lambda: registry)
    return registry


def test_images_of_this_code_are_found(registry: Registry) -> None:
    assert check_container_images(REGISTRY) == f"{REGISTRY} has the container images of this code"


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_that_was_not_built_is_reported(image: str, registry: Registry) -> None:
    from google.api_core.exceptions import NotFound

    name = image_name(REGISTRY, image)
    registry.error, registry.missing = NotFound("no tag"), name.rpartition(":")[2]
    with pytest.raises(CheckFailed, match=f"not built for this code: {name}"):
        check_container_images(REGISTRY)


def test_a_missing_or_closed_repository_is_reported(registry: Registry) -> None:
    from google.api_core.exceptions import NotFound, PermissionDenied

    registry.missing = "face-recognizer"
    registry.error = NotFound("no repository")
    with pytest.raises(CheckFailed, match="does not exist"):
        check_container_images(REGISTRY)
    registry.error = PermissionDenied("no role")
    with pytest.raises(CheckFailed, match="no permission to read"):
        check_container_images(REGISTRY)
