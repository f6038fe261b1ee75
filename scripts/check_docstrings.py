"""Check that the docstrings of public functions have sections for parameters, results and errors.

ruff checks what the sections contain (D417, DOC102, DOC201, DOC402, DOC501), but accepts docstrings
without any. docs/decisions/0055-docstring-sections.md has the rule; `make check` runs this.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef

SEE_BASE = re.compile(r".*\bSee [A-Z]\w+\.")
"""One-line docstring of a method that a base class or protocol documents: "See Tracker."."""

SECTION = re.compile(r"^(Args|Returns|Yields|Raises):$", re.MULTILINE)

NO_SECTIONS = {"property", "cached_property", "setter", "overload"}
"""Decorators of what a caller does not call, or what another definition documents."""

NOTHING = {"None", "NoReturn", "Never", "Iterator[None]", "Generator[None]"}
"""Return annotations that need no `Returns:` or `Yields:`."""


def main(paths: list[str]) -> int:
    """Print one line per missing section.

    Args:
        paths: Folders of Python packages, relative to the working directory.

    Returns:
        Exit status: 1 if a section is missing, else 0.
    """
    files = sorted(file for path in paths for file in Path(path).rglob("*.py"))
    problems = [f"{file}:{text}" for file in files for text in check_source(file.read_text())]
    print("\n".join(problems) or f"Docstrings of {len(files)} files have all sections")
    return 1 if problems else 0


def check_source(source: str) -> Iterator[str]:
    """Find the public functions of a module that lack a section.

    Args:
        source: Text of the module.

    Yields:
        One line per missing section: line number, function, and what the section must document.
    """
    for name, function in _public_functions(ast.parse(source), ""):
        docstring = ast.get_docstring(function)
        if docstring is None or ("." in name and SEE_BASE.fullmatch(docstring)):
            continue  # ruff reports missing docstrings (D102, D103)
        for problem in _missing_sections(function, docstring):
            yield f"{function.lineno}: {name}: {problem}"


def _public_functions(
    node: ast.Module | ast.ClassDef, prefix: str
) -> Iterator[tuple[str, Function]]:
    """Yield functions and methods with their dotted names, without private ones and properties."""
    for child in node.body:
        if not isinstance(child, Function | ast.ClassDef) or child.name.startswith("_"):
            continue
        if isinstance(child, ast.ClassDef):
            yield from _public_functions(child, f"{prefix}{child.name}.")
        elif NO_SECTIONS.isdisjoint(map(_last_name, child.decorator_list)):
            yield f"{prefix}{child.name}", child


def _missing_sections(function: Function, docstring: str) -> Iterator[str]:
    sections = set(SECTION.findall(docstring))
    parameters = [name for name, is_described in _parameters(function) if not is_described]
    if parameters and "Args" not in sections:
        yield f"no 'Args:' for {', '.join(parameters)}"
    result = ast.unparse(function.returns) if function.returns else "None"
    has_result = {"Returns", "Yields"} & sections or docstring.startswith(("Return", "Yield"))
    if result not in NOTHING and not has_result:
        yield f"no 'Returns:' or 'Yields:' for {result}"
    errors = sorted({_last_name(error) for error in _raised(function)} - {"NotImplementedError"})
    if errors and "Raises" not in sections:
        yield f"no 'Raises:' for {', '.join(errors)}"


def _parameters(function: Function) -> Iterator[tuple[str, bool]]:
    """Yield each parameter with whether its annotation describes it: Annotated[int, "meaning"]."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    variable = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    for argument in [*positional, *arguments.kwonlyargs, *variable]:
        if argument.arg not in ("self", "cls") and not argument.arg.startswith("_"):
            annotation = ast.unparse(argument.annotation) if argument.annotation else ""
            yield argument.arg, annotation.startswith("Annotated[")


def _raised(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a function's body raises, without re-raised errors and nested functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(child, ast.Raise) and child.exc:
            yield child.exc
        yield from _raised(child)


def _last_name(expression: ast.expr) -> str:
    """Return the last part of a decorator's or an error's name: "setter" for `@value.setter`."""
    called = expression.func if isinstance(expression, ast.Call) else expression
    return ast.unparse(called).rpartition(".")[2]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
