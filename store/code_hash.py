"""Which files of this repository a module depends on, and a hash of their contents.

The files are found by following import statements, so nothing has to be listed by hand. The hash
decides when a running server is restarted, how its container image is named, and which cached
steps are still valid.
"""

import hashlib
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
DATA_SUFFIXES = {".csv", ".html", ".yaml"}
COMMENT = re.compile(r"#.*")
IMPORT = re.compile(r"^[ \t]*import[ \t]+(.+)$", re.MULTILINE)
FROM_IMPORT = re.compile(
    r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|.+)$", re.MULTILINE
)


def source_files(*modules: str) -> tuple[Path, ...]:
    """Find the files that modules of this repository import, directly or indirectly.

    A package that is imported as a value (`from faces.models import recognisers`) may be searched
    for modules at run time, so all modules below it count. So do data files (.csv, .html, .yaml)
    next to an imported module or in a folder without Python files below it.

    Args:
        modules: Dotted names, such as "serving.server".

    Returns:
        The files, sorted, without duplicates.

    Raises:
        ModuleNotFoundError: If a name is no module of this repository.
    """
    files: set[Path] = set()
    pending = list(modules)
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        file = _file_of(name)
        if file is None:
            raise ModuleNotFoundError(f"no module '{name}' in {ROOT}")
        files.add(file)
        files.update(_data_files(file.parent))
        pending += _parents(name) + list(_imports(file))
    return tuple(sorted(files))


@cache
def code_hash(*modules: str) -> str:
    """Hash the paths and contents of the files that modules import.

    Args:
        modules: Dotted names, such as "serving.server".

    Returns:
        SHA-256 over `source_files(*modules)`, as 64 hexadecimal digits.
    """
    return hash_files(source_files(*modules))


def hash_files(files: tuple[Path, ...]) -> str:
    """Hash the paths and contents of files.

    Args:
        files: Files below the repository's root; their order matters.

    Returns:
        SHA-256 over relative paths and contents, as 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _file_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in candidates if file.is_file()), None)


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    names = (".".join(parts[:end]) for end in range(1, len(parts)))
    return [name for name in names if _file_of(name)]


@cache
def _data_files(folder: Path) -> frozenset[Path]:
    if folder == ROOT:
        return frozenset()
    found = {entry for entry in folder.iterdir() if entry.suffix in DATA_SUFFIXES}
    for entry in folder.iterdir():
        if entry.is_dir() and not any(entry.rglob("*.py")):
            found |= {file for file in entry.rglob("*") if file.suffix in DATA_SUFFIXES}
    return frozenset(found)


@cache
def _imports(file: Path) -> tuple[str, ...]:
    """Return the modules of this repository that a file imports, anywhere in it.

    Parsing the syntax of a hundred files takes a fifth of a second in every run; searching for the
    statements does not. A statement in a docstring counts, which only makes the hash stricter.
    """
    code = COMMENT.sub("", file.read_text())
    names: list[str] = []
    for statement in IMPORT.finditer(code):
        for name in _names(statement[1]):
            names += _with_submodules(name)
    for statement in FROM_IMPORT.finditer(code):
        module = statement[1]
        if _file_of(module) is not None:
            names.append(module)
            for name in _names(statement[2]):
                names += _with_submodules(f"{module}.{name}")
    return tuple(names)


def _names(text: str) -> list[str]:
    """Return the names of a list such as "a as b, c"."""
    parts = (part.split() for part in text.strip("()").split(","))
    return [part[0] for part in parts if part]


def _with_submodules(name: str) -> list[str]:
    file = _file_of(name)
    if file is None:
        return []
    if file.name != "__init__.py":
        return [name]
    folder = file.parent
    below = (f for f in folder.rglob("*.py") if f != file)
    relative = (f.relative_to(ROOT).with_suffix("").parts for f in below)
    return [name, *(".".join(p[:-1] if p[-1] == "__init__" else p) for p in relative)]
