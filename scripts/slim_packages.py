"""Remove from a virtual environment what no run needs, and compile what runs import.

    python slim_packages.py VENV [--remove PACKAGE …] [--compile MODULE …]

It runs while a container image is built. Tests, sources of compiled modules and pip are removed,
and packages that are named: what depends on them must work without them. Bytecode is kept only of
the modules that importing the named ones loads: that of everything takes half a gigabyte.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

TESTED = (
    "fontTools", "gevent", "google", "matplotlib", "mpl_toolkits", "numpy", "pandas", "psutil",
    "scipy", "sklearn", "statsmodels",
)  # fmt: skip
"""Packages whose folders `tests` are tests; elsewhere they may be a part of the library."""

SOURCES = {".c", ".cpp", ".h", ".hpp", ".ipynb", ".pxd", ".pyi", ".pyx"}
KEPT = ("numpy/_core/tests/_natype.py",)
"""Files among the tests that the library imports."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Slim an environment.

    Args:
        arguments: The command line; None for that of the process.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("venv", type=Path)
    parser.add_argument("--remove", nargs="*", default=[])
    parser.add_argument("--compile", nargs="*", default=[])
    args = parser.parse_args(arguments)
    (site,) = args.venv.glob("lib/python*/site-packages")
    for path in unneeded(site, args.remove):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for folder in ("share", "include"):
        shutil.rmtree(args.venv / folder, ignore_errors=True)
    if args.compile:
        code = "import " + ", ".join(args.compile)
        subprocess.run([args.venv / "bin" / "python", "-W", "ignore", "-c", code], check=True)


def unneeded(site: Path, packages: Sequence[str]) -> Iterator[Path]:
    """Find what can be removed.

    Args:
        site: The environment's site-packages.
        packages: Import names of packages that are removed as a whole.

    Yields:
        Files and folders; none of them is in another one.
    """
    whole = {"pip", "__pycache__", *packages}
    for top in sorted(site.iterdir()):
        name = top.name.split("-")[0].split(".")[0]
        if name in whole or top.suffix == ".pyc":
            yield top
        elif top.is_dir():
            yield from _inside(top, site, tests=top.name in TESTED)


def _inside(folder: Path, site: Path, tests: bool) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name == "__pycache__":
            yield path
        elif path.is_dir() and tests and path.name == "tests":
            yield from (p for p in path.rglob("*") if p.is_file() and not _kept(p, site))
        elif path.is_dir():
            yield from _inside(path, site, tests)
        elif path.suffix in SOURCES:
            yield path


def _kept(path: Path, site: Path) -> bool:
    return str(path.relative_to(site)) in KEPT or path.name == "__init__.py"


if __name__ == "__main__":
    main(sys.argv[1:])
