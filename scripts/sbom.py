"""Write a software bill of materials (CycloneDX) for each environment, from its pins.

    python -m scripts.sbom build/sbom                       # of all environments
    python -m scripts.sbom build/sbom base serving          # of requirements/base.txt, …

Licences are those of the packages that are installed here; others have none in the file.
"""

import hashlib
import json
import re
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

ROOT = Path(__file__).parents[1]
PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?==(?P<version>[^\s;\\]+)", re.MULTILINE
)


def main(arguments: Sequence[str]) -> None:
    """Write NAME.cdx.json for each file of requirements.

    Args:
        arguments: The folder, and names of environments; without names, all.
    """
    folder, *names = arguments
    files = sorted((ROOT / "requirements").glob("*.txt"))
    Path(folder).mkdir(parents=True, exist_ok=True)
    for file in files:
        if not names or file.stem in names:
            target = Path(folder) / f"{file.stem}.cdx.json"
            target.write_text(json.dumps(bill_of_materials(file), indent=2) + "\n")


def bill_of_materials(pins: Path) -> dict[str, Any]:
    """List the packages of an environment.

    The same pins have the same bill, so that it can be compared and signed.

    Args:
        pins: A file of requirements with versions.

    Returns:
        The bill, in CycloneDX 1.6.
    """
    text = pins.read_text()
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "face-recognizer",
                "name": f"face-recognizer ({pins.stem})",
                "properties": [{"name": "face-recognizer:pins:sha256", "value": digest}],
            }
        },
        "components": [
            _component(match["name"].lower(), match["version"]) for match in PIN.finditer(text)
        ],
    }


def _component(name: str, version: str) -> dict[str, Any]:
    reference = f"pkg:pypi/{name.replace('_', '-')}@{version}"
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": version,
        "purl": reference,
    }
    if licence := _licence(name, version):
        component["licenses"] = [{"license": {"name": licence}}]
    return component


@cache
def _licence(name: str, version: str) -> str:
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return ""
    if found["Version"] != version:
        return ""
    classes = [c for c in found.get_all("Classifier") or [] if c.startswith("License :: ")]
    names = [*(found.get_all("License-Expression") or []), *(found.get_all("License") or [])]
    names = [name for name in names if "\n" not in name]  # some contain the whole text
    return str([*names, *(c.rpartition(" :: ")[2] for c in classes), ""][0])


if __name__ == "__main__":
    main(sys.argv[1:])
