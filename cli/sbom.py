"""List the packages of a container image as a software bill of materials (SBOM), in CycloneDX."""

import json
from pathlib import Path

from cli.buildah import container_of, run
from faces.errors import UserError

PYTHON = (
    "import importlib.metadata as m, json; "
    "print(json.dumps([[d.name, d.version] for d in m.distributions()]))"
)
DEBIAN = r"${Package} ${Version}\n"


def write_sbom(image: str, folder: Path) -> int:
    """Write IMAGE.cdx.json: all packages of Debian and Python in an image.

    Args:
        image: The image's name without its prefix.
        folder: Where to write; it is created.

    Returns:
        The number of packages.

    Raises:
        UserError: If the library is not installed.
    """
    with container_of(image) as name:
        python = json.loads(run("buildah", "run", name, "--", "/venv/bin/python", "-c", PYTHON))
        listed = run("buildah", "run", name, "--", "dpkg-query", "--show", "--showformat", DEBIAN)
    debian = [line.split() for line in listed.splitlines()]
    content = make_sbom(image, {"pypi": python, "deb": debian})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{image}.cdx.json").write_text(content)
    return len(python) + len(debian)


def make_sbom(image: str, packages: dict[str, list[list[str]]]) -> str:
    """Return a bill of materials as CycloneDX JSON.

    Args:
        image: The name of the image.
        packages: Name and version of each package, by type: "pypi" or "deb".

    Returns:
        The document.

    Raises:
        UserError: If the library is not installed.
    """
    try:
        from cyclonedx.model.bom import Bom
        from cyclonedx.model.component import Component, ComponentType
        from cyclonedx.output.json import JsonV1Dot5
        from packageurl import PackageURL
    except ModuleNotFoundError:
        raise UserError("cyclonedx-python-lib is not installed: make setup-dev") from None
    bom = Bom()
    container = Component(name=image, type=ComponentType.CONTAINER, bom_ref=image)
    bom.metadata.component = container
    for kind, listed in packages.items():
        namespace = "debian" if kind == "deb" else None
        for name, version in listed:
            url = PackageURL(kind, namespace, name, version)
            bom.components.add(
                Component(name=name, version=version, purl=url, bom_ref=url.to_string())
            )
    bom.register_dependency(container, bom.components)
    return str(JsonV1Dot5(bom).output_as_string(indent=2))
