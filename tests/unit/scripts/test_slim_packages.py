from pathlib import Path

import pytest

from scripts.slim_packages import main, unneeded

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
    "six.py": True,
}


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    for name in FILES:
        file = tmp_path / "lib" / "python3.11" / "site-packages" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "share" / "jupyter").mkdir(parents=True)
    return tmp_path


def test_only_what_no_run_needs_is_removed(venv: Path) -> None:
    main([str(venv), "--remove", "pyarrow"])
    site = venv / "lib" / "python3.11" / "site-packages"
    assert {name for name in FILES if (site / name).exists()} == {n for n in FILES if FILES[n]}
    assert not (venv / "share").exists()


def test_nothing_is_removed_twice(venv: Path) -> None:
    site = venv / "lib" / "python3.11" / "site-packages"
    paths = list(unneeded(site, ["pyarrow"]))
    assert not any(parent in paths for path in paths for parent in path.parents)
