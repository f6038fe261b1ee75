"""Check that the docstrings of public functions have sections for parameters, results and errors.

ruff checks what the sections contain (D417, DOC102, DOC201, DOC402, DOC501), but accepts docstrings
without any. docs/decisions/0055-docstring-sections.md has the rule; `make check` runs this.
"""

import ast
import re
import sys
from collections.abc import Collection, Iterator
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
    trees = {file: ast.parse(file.read_text()) for file in files}
    described = {name for tree in trees.values() for name in described_types(tree)}
    problems = [
        f"{path}: no such package" for path in paths if not Path(path, "__init__.py").is_file()
    ]
    for file, tree in trees.items():
        problems += [f"{file}:{problem}" for problem in check_module(tree, described)]
    print("\n".join(problems) or f"Docstrings of {len(files)} files have all sections")
    return 1 if problems else 0


def described_types(module: ast.Module) -> Iterator[str]:
    """Find the type aliases that describe a parameter: `Blur = Annotated[float, "sigma"]`.

    Args:
        module: Syntax tree of the module.

    Yields:
        Names of the aliases.
    """
    for node in module.body:
        if isinstance(node, ast.Assign) and _is_annotated(node.value):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def check_module(module: ast.Module, described: Collection[str] = ()) -> Iterator[str]:
    """Find the public functions of a module that lack a section.

    Args:
        module: Syntax tree of the module.
        described: Names of types that describe their parameter, from any module.

    Yields:
        One line per missing section: line number, function, and what the section must document.
    """
    for name, function in _public_functions(module, ""):
        docstring = ast.get_docstring(function)
        if docstring is None or ("." in name and SEE_BASE.fullmatch(docstring)):
            continue  # ruff reports missing docstrings (D102, D103)
        for problem in _missing_sections(function, docstring, described):
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


def _missing_sections(
    function: Function, docstring: str, described: Collection[str]
) -> Iterator[str]:
    sections = set(SECTION.findall(docstring))
    parameters = list(_undescribed_parameters(function, described))
    if parameters and "Args" not in sections:
        yield f"no 'Args:' for {', '.join(parameters)}"
    result = ast.unparse(function.returns) if function.returns else "None"
    has_result = {"Returns", "Yields"} & sections or docstring.startswith(("Return", "Yield"))
    if result not in NOTHING and not has_result:
        yield f"no 'Returns:' or 'Yields:' for {result}"
    errors = sorted({_last_name(error) for error in _raised(function)} - {"NotImplementedError"})
    if errors and "Raises" not in sections:
        yield f"no 'Raises:' for {', '.join(errors)}"


def _undescribed_parameters(function: Function, described: Collection[str]) -> Iterator[str]:
    """Yield the parameters whose type does not describe them, as Annotated[int, "size"] does."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    variable = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    for argument in [*positional, *arguments.kwonlyargs, *variable]:
        is_receiver = argument.arg in ("self", "cls") or argument.arg.startswith("_")
        annotation = argument.annotation
        has_meaning = annotation and (
            _is_annotated(annotation) or ast.unparse(annotation) in described
        )
        if not is_receiver and not has_meaning:
            yield argument.arg


def _is_annotated(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Subscript) and _last_name(expression.value) == "Annotated"


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
