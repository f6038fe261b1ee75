"""What a model version was made with: commit, code, packages and machine."""

import hashlib
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version as installed
from pathlib import Path

from store.code_hash import ROOT, code_hash

PROVENANCE = "provenance"
"""Metadata of a version: what `provenance` returned when it was registered."""

PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas")
"""Packages whose version can change a model."""

PINS = ROOT / "requirements" / "base.txt"
UNKNOWN = "unknown"
TRAINING_CODE = "pipelines.training"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Provenance = dict[str, str]


def provenance() -> Provenance:
    """Describe what this process makes models with.

    Returns:
        Values by name: `commit` with "and changes" if files differ from it, `code` and `pins` as
        hashes, and versions of Python, packages and machine. Commit and pins are "unknown" in a
        container, which has neither.
    """
    threads = next((os.environ[name] for name in THREADS if name in os.environ), "all cores")
    return {
        "commit": _commit(),
        "code": code_hash(TRAINING_CODE)[:12],
        "pins": pins_hash(PINS),
        "python": platform.python_version(),
        **{name: installed(name) for name in PACKAGES},
        "machine": f"{platform.system()} {platform.machine()}",
        "threads": threads,
    }


def differences(recorded: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str]:
    """Compare two descriptions.

    Args:
        recorded: That of a version; empty if it was registered before they were recorded.
        present: That of this process.

    Returns:
        "recorded, now present" by name, for the names whose values differ.
    """
    names = [*recorded, *(name for name in present if name not in recorded)]
    values = {name: (recorded.get(name, "not recorded"), present.get(name, "-")) for name in names}
    return {name: f"{old}, now {new}" for name, (old, new) in values.items() if old != new}


def pins_hash(file: Path) -> str:
    """Return the first digits of the SHA-256 of pinned packages.

    Args:
        file: The pins; "unknown" if there are none.
    """
    if not file.exists():
        return UNKNOWN
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def _commit() -> str:
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN
    head, *others = done.stdout.splitlines()
    changed = any(not line.startswith("#") for line in others)
    return head.rpartition(" ")[2] + (" and changes" if changed else "")
