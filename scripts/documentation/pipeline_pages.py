"""Reference of pipelines, steps and artifacts, with diagrams, from the code."""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pipelines.shared.registry import describe_pipeline, pipeline_names
from scripts.documentation.graph import ROOT, pipeline_graph
from scripts.documentation.markdown import cell, code, table
from scripts.documentation.svg import draw_boxes, draw_graph
from stacks.spec import read_stack, stack_names

ROWS = {
    "command line and control": ("orchestrator", "image_builder", "container_registry"),
    "data and models": ("artifact_store", "experiment_tracker", "model_registry"),
    "serving and monitoring": ("model_deployer", "data_validator", "alerter"),
}
"""Types of stack components, by what they are for."""


def pipelines_page() -> str:
    """Return the page of all pipelines: what they do, and their steps in a diagram."""
    parts = [
        "# Pipelines\n\nThe diagrams are drawn from the code: an arrow leads from a step to those "
        "that use its result, and a dashed step runs only if earlier results require it.\n"
    ]
    for name in pipeline_names():
        graph = pipeline_graph(name)
        function = getattr(import_module(f"pipelines.{name}"), name).entrypoint
        description = inspect.getdoc(function) or describe_pipeline(name)
        parts.append(f"## {name}\n\n{description.split('Args:')[0].strip()}\n")
        drawing = draw_graph(graph.steps, graph.reduced(), f"Steps of the pipeline {name}")
        parts.append(f"{drawing}\n")
        links = (f"[`{step}`](steps.md#{step})" for step in graph.steps)
        parts.append(f"Steps: {', '.join(links)}.\n")
    return "\n".join(parts)


def steps_page() -> str:
    """Return the page of all steps with their inputs and artifacts."""
    parts = ["# Steps and artifacts\n\nOne step per file. Outputs are artifacts in ZenML.\n"]
    group = ""
    for module, name, function in _steps():
        folder = module.split(".")[1]
        if folder != group:
            parts.append(f"## {folder.capitalize()}\n")
            group = folder
        hints = get_type_hints(function, include_extras=True)
        output = hints.pop("return", None)
        first, *_ = (inspect.getdoc(function) or "").split("\n\n")
        inputs = ", ".join(f"`{argument}`" for argument in hints) or "none"
        parts.append(f"### {name}\n\n{' '.join(first.split())}\n")
        parts.append(f"In `{module.replace('.', '/')}.py`. Inputs: {inputs}.\n")
        rows = [(f"`{artifact}`", cell(f"`{kind}`")) for artifact, kind in _outputs(output)]
        parts.append(table(("artifact", "type"), rows) if rows else "No artifacts.\n")
    return "\n".join(parts)


def stacks_page() -> str:
    """Return the page of all stacks, with a diagram of each."""
    parts = [
        "# Stacks\n\nDrawn from `stacks/*.yaml`, which `python run.py --register-stacks` "
        "registers.\n"
    ]
    for name in stack_names():
        stack = read_stack(name, {})
        parts.append(f"## {name}\n\n{_comment(stack.file)}\n")
        by_type = {part.type: part for part in stack.components}
        rows = [
            (title, [f"{t.replace('_', ' ')}\n{by_type[t].flavor}" for t in types if t in by_type])
            for title, types in ROWS.items()
        ]
        parts.append(f"{draw_boxes(rows, f'Components of the stack {name}')}\n")
        cells = [
            (
                p.type.replace("_", " "),
                f"`{p.name}`",
                f"`{p.flavor}`",
                ", ".join(map(str, p.configuration)),
            )
            for p in stack.components
        ]
        parts.append(table(("component", "name", "flavor", "configured"), cells))
        if stack.unset:
            parts.append(
                f"\nRead from the environment: {', '.join(f'`{v}`' for v in stack.unset)}.\n"
            )
    return "\n".join(parts)


def _steps() -> Iterator[tuple[str, str, Any]]:
    for file in sorted((ROOT / "steps").rglob("*.py")):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and any(map(_is_step, node.decorator_list)):
                yield module, node.name, getattr(import_module(module), node.name).entrypoint


def _is_step(decorator: ast.expr) -> bool:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(function, ast.Name) and function.id == "step"


def _outputs(hint: Any) -> Iterator[tuple[str, str]]:
    """Yield name and type of each artifact that a return annotation names."""
    if get_origin(hint) is tuple:
        for part in get_args(hint):
            yield from _outputs(part)
    elif get_origin(hint) is Annotated:
        kind, *marks = get_args(hint)
        names = [mark if isinstance(mark, str) else getattr(mark, "name", None) for mark in marks]
        name = next((name for name in names if name), "output")
        yield name, getattr(kind, "__name__", str(kind)) if not get_args(kind) else str(kind)
    elif hint not in (None, type(None)):
        yield "output", getattr(hint, "__name__", str(hint))


def _comment(file: Path) -> str:
    """Return the comment at the beginning of a YAML file."""
    lines = takewhile(lambda line: line.startswith("#"), file.read_text().splitlines())
    return code("\n".join(line.removeprefix("#").removeprefix(" ") for line in lines))
