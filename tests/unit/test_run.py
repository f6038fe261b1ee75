"""run.py without the environment that `make setup` creates."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import run

ROOT = Path(__file__).parents[2]
FIX = "run make setup, then source .venv/bin/activate"


@pytest.mark.parametrize("option", ["--help", "--list", "predict"])
def test_missing_packages_are_one_line_with_the_fix(option: str) -> None:
    bare = [sys.executable, "-S", "-E", "run.py", option]
    process = subprocess.run(bare, cwd=ROOT, capture_output=True, text=True)
    assert process.returncode == 2
    assert process.stdout == ""
    assert process.stderr.startswith(f"error: {sys.executable} has no package '")
    assert process.stderr.endswith(f"': {FIX}\n")
    assert process.stderr.count("\n") == 1


@pytest.mark.parametrize("version", [(3, 9), (3, 10), (3, 13)])
def test_an_unsupported_python_is_one_line_with_the_fix(
    version: tuple[int, int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (*version, 0))
    assert run.main() == 2
    cause = f"needs Python 3.11 or 3.12, and this is {version[0]}.{version[1]}"
    assert capsys.readouterr().err == f"error: {cause}: {FIX}\n"


def test_old_pythons_can_parse_run_py() -> None:
    ast.parse((ROOT / "run.py").read_text(), feature_version=(3, 6))


def test_a_missing_module_of_the_project_is_not_a_missing_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["run.py", "--help"])
    monkeypatch.setitem(sys.modules, "cli.main", None)
    with pytest.raises(ModuleNotFoundError, match=r"cli\.main"):
        run.main()
