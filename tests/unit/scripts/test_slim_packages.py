import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.slim_packages import main, replace_sources, strip_libraries, unneeded

FILES = {
    "numpy/core.py": True,
    "numpy/core.pyx": False,
    "numpy/include/array.h": False,
    "numpy/lib/tests/test_lib.py": False,
    "numpy/_core/tests/_natype.py": True,
    "numpy/_core/tests/test_core.py": False,
    "numpy/__pycache__/core.cpython-311.pyc": False,
    "evidently/tests/base.py": True,
    "pip/main.py": False,
    "pip-24.0.dist-info/METADATA": False,
    "pyarrow/lib.so": False,
    "pyarrow-20.0.0.dist-info/METADATA": False,
    "pyarrowhead/lib.so": True,
    "mlflow/server/js/main.js": False,
    "mlflow/server/handlers.py": True,
    "six.py": True,
}
REMOVED = ["pyarrow", "mlflow/server/js"]


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    for name in FILES:
        file = tmp_path / "lib" / "python3.11" / "site-packages" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "share" / "jupyter").mkdir(parents=True)
    return tmp_path


def test_only_what_no_run_needs_is_removed(venv: Path) -> None:
    main([str(venv), "--remove", *REMOVED])
    site = venv / "lib" / "python3.11" / "site-packages"
    assert {name for name in FILES if (site / name).exists()} == {n for n in FILES if FILES[n]}
    assert not (venv / "share").exists()


def test_nothing_is_removed_twice(venv: Path) -> None:
    site = venv / "lib" / "python3.11" / "site-packages"
    paths = list(unneeded(site, REMOVED))
    assert not any(parent in paths for path in paths for parent in path.parents)


def test_a_client_without_sources_can_be_imported(tmp_path: Path) -> None:
    package = tmp_path / "client"
    package.mkdir()
    (package / "__init__.py").write_text('"""Documentation."""\nfrom client.types import NAME')
    (package / "types.py").write_text("NAME = 'job'")
    replace_sources(package)
    assert {file.name for file in package.iterdir()} == {"__init__.pyc", "types.pyc"}
    code = "import client; print(client.NAME, client.__doc__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout == "job None\n"


@pytest.mark.parametrize(
    ("command", "kept"),
    [('cp "$4" "$3"; echo stripped >> "$3"', False), ('echo broken > "$3"', True)],
)
def test_a_library_that_does_not_load_when_stripped_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, kept: bool
) -> None:
    import yaml._yaml

    library = tmp_path / "site" / "_yaml.so"
    library.parent.mkdir()
    shutil.copy(yaml._yaml.__file__, library)
    before = library.read_bytes()
    strip = tmp_path / "bin" / "strip"
    strip.parent.mkdir()
    strip.write_text(f"#!/bin/sh\n{command}\n")
    strip.chmod(0o755)
    monkeypatch.setenv("PATH", str(strip.parent), prepend=":")
    strip_libraries(tmp_path / "site", Path(sys.executable))
    assert (library.read_bytes() == before) == kept
    assert [file.name for file in library.parent.iterdir()] == ["_yaml.so"]
