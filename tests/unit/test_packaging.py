"""The dependencies in pyproject.toml and the pinned files agree."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINNED_FILES = {
    "pipelines": "base.txt",
    "wandb": "wandb.txt",
    "app": "app.txt",
    "onnx": "onnx.txt",
    "dev": "dev.txt",
    "gcp": "gcp.txt",
    "gcp-test": "gcp-test.txt",
    "aws": "aws.txt",
    "aws-test": "aws-test.txt",
    "aws-serving": "aws-serving.txt",
    "serving": "serving.txt",
}
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)


def declared(extra: str) -> list[Requirement]:
    """The requirements of an extra, including those of the extras that it contains."""
    requirements = [Requirement(text) for text in PROJECT["optional-dependencies"][extra]]
    own = [r for r in requirements if r.name == PROJECT["name"]]
    inner = [name for requirement in own for name in requirement.extras]
    others = [r for r in requirements if r.name != PROJECT["name"]]
    return others + [r for name in inner for r in declared(name)]


def pinned(file: str) -> dict[str, set[Version]]:
    """The versions that a file pins, by name: there may be one per Python version."""
    versions: dict[str, set[Version]] = {}
    for match in PIN.finditer((ROOT / "requirements" / file).read_text()):
        name = canonicalize_name(match["name"])
        versions.setdefault(name, set()).add(Version(match["version"]))
    return versions


@pytest.mark.parametrize(("extra", "file"), PINNED_FILES.items())
def test_every_declared_dependency_is_pinned_to_an_allowed_version(extra: str, file: str) -> None:
    versions = pinned(file)
    base = [Requirement(text) for text in PROJECT["dependencies"]]
    for requirement in [*base, *declared(extra)]:
        found = versions.get(canonicalize_name(requirement.name))
        assert found, f"{file} does not pin {requirement.name}: make requirements"
        for version in found:
            assert requirement.specifier.contains(version, prereleases=True), requirement


def test_every_extra_has_a_pinned_file() -> None:
    unpinned = {"models"}  # a part of `pipelines`
    assert set(PROJECT["optional-dependencies"]) - unpinned == set(PINNED_FILES)


@pytest.mark.parametrize("file", sorted(PINNED_FILES.values()))
def test_pins_have_hashes_and_no_addresses(file: str) -> None:
    text = (ROOT / "requirements" / file).read_text()
    pins = len(PIN.findall(text))
    assert pins > 10
    assert text.count("--hash=sha256:") >= pins
    assert "://" not in text


def test_shared_environments_agree_on_their_common_packages() -> None:
    base, dev = pinned("base.txt"), pinned("dev.txt")
    assert {name: dev.get(name) for name in base} == base
