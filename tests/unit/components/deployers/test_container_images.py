import shutil
from pathlib import Path

import pytest

from components.deployers import container_images
from components.deployers.container_images import IMAGES, MLFLOW, PIPELINES, SERVING, image_name
from store import code_hash


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the repository's code that a test may change."""
    root = code_hash.ROOT
    for folder in ("faces", "serving"):
        shutil.copytree(root / folder, tmp_path / folder)
    for file in (
        "infra/mlflow/Dockerfile", "pipelines/Dockerfile", "scripts/slim_packages.py",
        "requirements/gcp.txt", "requirements/mlflow-server.txt", "requirements/serving.txt",
    ):  # fmt: skip
        (tmp_path / file).parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(root / file, tmp_path / file)
    monkeypatch.setattr(code_hash, "ROOT", tmp_path)
    monkeypatch.setattr(container_images, "ROOT", tmp_path)
    return tmp_path


def names() -> dict[str, str]:
    code_hash._imports.cache_clear()
    return {image: image_name("registry/", image) for image in IMAGES}


def test_a_name_consists_of_registry_image_and_content_hash(copy: Path) -> None:
    before = names()
    assert before == names()
    for image, name in before.items():
        assert name.startswith(f"registry/{image}:")
        assert len(name.rpartition(":")[2]) == 12


@pytest.mark.parametrize(
    ("file", "renamed"),
    [
        ("faces/reports/plots.py", set()),
        ("faces/models/training.py", set()),
        ("faces/runtime/lbp.py", {SERVING}),
        ("serving/server.py", {SERVING}),
        ("serving/capture/retention.py", {SERVING}),
        ("serving/Dockerfile", {SERVING}),
        ("requirements/serving.txt", {SERVING}),
        ("requirements/gcp.txt", {PIPELINES}),
        ("pipelines/Dockerfile", {PIPELINES}),
        ("requirements/mlflow-server.txt", {MLFLOW}),
        ("infra/mlflow/Dockerfile", {MLFLOW}),
        ("scripts/slim_packages.py", {PIPELINES, SERVING, MLFLOW}),
    ],
)
def test_only_what_goes_into_an_image_changes_its_name(
    copy: Path, file: str, renamed: set[str]
) -> None:
    before = names()
    with (copy / file).open("a") as text:
        text.write("\n# a comment\n")
    after = names()
    assert {image for image in IMAGES if before[image] != after[image]} == renamed
