"""The check of docstrings reports each kind of missing section, and nothing else."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.check_docstrings import check_module, described_types, main

ROOT = Path(__file__).parents[2]

COMPLETE = '''
def public(value: int) -> int:
    """Double a value.

    Args:
        value: Pixels.

    Returns:
        Pixels.

    Raises:
        ValueError: If it is negative.
    """
    if value < 0:
        raise ValueError
    return 2 * value
'''


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('def f(x, *, y): "Do it."', ["1: f: no 'Args:' for x, y"]),
        ('def f(*xs, **ys): "Do it."', ["1: f: no 'Args:' for xs, ys"]),
        ('def f() -> int: "Compute it."', ["1: f: no 'Returns:' or 'Yields:' for int"]),
        (
            'def f():\n    "Do it."\n    if g():\n        raise a.Error("no")',
            ["1: f: no 'Raises:' for Error"],
        ),
        (
            'class C:\n    def f(self, x) -> str: "Compute it."',
            ["2: C.f: no 'Args:' for x", "2: C.f: no 'Returns:' or 'Yields:' for str"],
        ),
        (
            '@contextmanager\ndef f() -> Iterator[bool]: "Lock it."',
            ["2: f: no 'Returns:' or 'Yields:' for Iterator[bool]"],
        ),
        ('def f(x: int): "See Tracker."', ["1: f: no 'Args:' for x"]),
    ],
)
def test_missing_sections_are_reported(source: str, expected: list[str]) -> None:
    assert list(check_module(ast.parse(source))) == expected


@pytest.mark.parametrize(
    "source",
    [
        COMPLETE,
        'def _private(x) -> int: "Do it."',
        'class _Private:\n    def f(self, x) -> int: "Do it."',
        'def f() -> int: "Return it."',
        'def f() -> None: "Do it."',
        'def f(x: Annotated[int, "number of pixels"]): "Do it."',
        'class C:\n    @property\n    def f(self) -> int: "The value."',
        'class C:\n    def f(self, x) -> int: "Write the files. See BaseMaterializer."',
        'def f():\n    "Do it."\n    try:\n        g()\n    except OSError:\n        raise',
        'def f():\n    "Do it."\n    def inner(x) -> int:\n        raise ValueError',
        '@contextmanager\ndef f() -> Iterator[None]: "Lock it."',
        "def f(x): pass",
    ],
)
def test_complete_private_and_inherited_docstrings_pass(source: str) -> None:
    assert list(check_module(ast.parse(source))) == []


def test_a_type_may_describe_its_parameters() -> None:
    types = ast.parse('Blur = Annotated[float, "sigma in pixels"]\nWidth = int')
    source = ast.parse('def f(blur: Blur, width: Width): "Do it."')
    assert list(check_module(source, set(described_types(types)))) == ["1: f: no 'Args:' for width"]


def test_command_fails_with_file_line_and_parameter(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    (tmp_path / "module.py").write_text('"""Module."""\n\n\ndef f(x): "Do it."\n')
    command = [sys.executable, "-m", "scripts.check_docstrings", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stdout == f"{tmp_path}/module.py:4: f: no 'Args:' for x\n"


def test_command_fails_without_a_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out == f"{tmp_path}: no such package\n"
