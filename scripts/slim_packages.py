"""Remove from a virtual environment what no run needs, and compile what runs import.

    python slim_packages.py VENV [--remove PATH …] [--bytecode-only PATH …] [--compile MODULE …]

It runs while a container image is built. Tests, sources of compiled modules, symbols of shared
libraries and pip are removed, and packages or folders that are named: what depends on them must
work without them. Bytecode is kept only of the modules that importing the named ones loads: that of
everything takes half a gigabyte. Generated clients, most of whose source is documentation, are
replaced by their bytecode without it.
"""

import argparse
import py_compile
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence, Set
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
    parser.add_argument("--bytecode-only", nargs="*", default=[])
    parser.add_argument("--compile", nargs="*", default=[])
    args = parser.parse_args(arguments)
    (site,), python = args.venv.glob("lib/python*/site-packages"), args.venv / "bin" / "python"
    for path in unneeded(site, args.remove):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for folder in ("evidently", "include", "share"):
        shutil.rmtree(args.venv / folder, ignore_errors=True)
    strip_libraries(site, python)
    for name in args.bytecode_only:
        replace_sources(site / name)
    if args.compile:
        code = "import " + ", ".join(args.compile)
        subprocess.run([python, "-W", "ignore", "-c", code], check=True)


def strip_libraries(site: Path, python: Path) -> None:
    """Remove the symbols that dynamic linking does not need from shared libraries.

    A library that does not load afterwards is kept as it was: stripping breaks some of those whose
    search path was changed when their wheel was made.

    Args:
        site: The environment's site-packages. Nothing happens without Debian's package binutils.
        python: The environment's interpreter.
    """
    strip = shutil.which("strip")
    if strip is None:
        return
    for library in [path for path in site.rglob("*.so*") if path.is_file()]:
        stripped = library.with_name(f"{library.name}.stripped")
        remove = (strip, "--strip-unneeded", "-o", stripped, library)
        load = (python, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", stripped)
        if all(
            subprocess.run(c, stderr=subprocess.DEVNULL).returncode == 0 for c in (remove, load)
        ):
            stripped.replace(library)
        else:
            stripped.unlink(missing_ok=True)


def replace_sources(folder: Path) -> None:
    """Replace the modules of a package by their bytecode without docstrings and assertions.

    Args:
        folder: The package's folder.
    """
    for source in folder.rglob("*.py"):
        compiled = source.with_suffix(".pyc")
        py_compile.compile(str(source), str(compiled), doraise=True, optimize=2)
        source.unlink()


def unneeded(site: Path, packages: Sequence[str]) -> Iterator[Path]:
    """Find what can be removed.

    Args:
        site: The environment's site-packages.
        packages: Import names of packages that are removed as a whole, or paths inside packages.

    Yields:
        Files and folders; none of them is in another one.
    """
    whole = {"pip", "__pycache__", *packages}
    inside = {site / name for name in packages if "/" in name}
    for top in sorted(site.iterdir()):
        name = top.name.split("-")[0].split(".")[0]
        if name in whole or top.suffix == ".pyc":
            yield top
        elif top.is_dir():
            yield from _inside(top, site, inside, tests=top.name in TESTED)


def _inside(folder: Path, site: Path, named: Set[Path], tests: bool) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path in named or (path.is_dir() and path.name == "__pycache__"):
            yield path
        elif path.is_dir() and tests and path.name == "tests":
            yield from (p for p in path.rglob("*") if p.is_file() and not _kept(p, site))
        elif path.is_dir():
            yield from _inside(path, site, named, tests)
        elif path.suffix in SOURCES:
            yield path


def _kept(path: Path, site: Path) -> bool:
    return str(path.relative_to(site)) in KEPT or path.name == "__init__.py"


if __name__ == "__main__":
    main(sys.argv[1:])
