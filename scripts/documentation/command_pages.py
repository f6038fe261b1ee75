"""Reference of the command line, the APIs, metrics, exit codes and environment variables."""

import ast
import contextlib
import io
import subprocess
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import yaml

from cli.main import COMMANDS
from pipelines.shared.registry import pipeline_names
from scripts.documentation.graph import ROOT
from scripts.documentation.markdown import cell, code, table
from scripts.documentation.variables import VARIABLES

EXIT_CODES = (
    ("0", "done", "`--doctor` found nothing wrong; the command did what it says"),
    ("1", "failed", "the input was valid, but an operation failed: a run, a rollout, a request"),
    ("2", "wrong input", "option, setting, file or data: the message says how to fix it"),
    ("130", "interrupted", "Ctrl-C; the same command can be run again"),
)


def commands_page() -> str:
    """Return the help texts of all commands and pipelines."""
    parts = ["# Command line\n", code(_help()), "## Exit codes\n"]
    parts.append(table(("code", "meaning", "when"), EXIT_CODES))
    parts.append("## Commands\n")
    parts += [f"### {name}\n\n{code(_help(name))}" for name in COMMANDS]
    parts.append("## Pipelines\n")
    parts += [
        f"### --pipeline {name}\n\n{code(_help('--pipeline', name))}" for name in pipeline_names()
    ]
    parts.append("## make\n")
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    parts.append(code(done.stdout))
    return "\n".join(parts)


def api_page() -> str:
    """Return the operations of the endpoint and of the app's service."""
    endpoint = yaml.safe_load((ROOT / "serving" / "openapi.yaml").read_text())
    return "\n".join(
        [
            "# API\n\nThe endpoint describes itself at `/docs` and `/openapi.json`, the app's "
            "service at `/docs` and `/openapi.json` of its port. [Serving](../serving.md) has "
            "examples.\n",
            "## Endpoint\n",
            endpoint["info"]["description"] + "\n",
            table(("operation", "what it does"), _operations(endpoint["paths"])),
            "## Service of the app\n",
            table(("operation", "what it does"), _operations(_app_paths())),
        ]
    )


def metrics_page() -> str:
    """Return the endpoint's metrics for Prometheus, and the metrics of a training run."""
    from faces.evaluation import metrics

    rows = [(f"`{name}`", cell(text), labels) for name, text, labels in _metric_calls()]
    documentation = (metrics.__doc__ or "").strip()
    return "\n".join(
        [
            "# Metrics\n\n## Endpoint\n\nAt `GET /prometheus`, for all workers together.\n",
            table(("metric", "meaning", "labels"), rows),
            "## Training and evaluation\n",
            f"{documentation}\n\nThe model card of each version lists all of them; the "
            "[glossary](../glossary.md) explains the terms.\n",
        ]
    )


def environment_page() -> str:
    """Return the environment variables that the project reads."""
    rows = [(f"`{name}`", cell(meaning)) for name, meaning in sorted(VARIABLES.items())]
    return (
        "# Environment variables\n\nThe variables of a stack are in [Stacks](stacks.md#gcp).\n\n"
        + table(("variable", "meaning"), rows)
    )


def _help(*words: str) -> str:
    from cli.main import main

    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        main([*words, "--help"])
    return output.getvalue()


def _operations(paths: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, operations in paths.items():
        for method, operation in operations.items():
            yield f"`{method.upper()} {path}`", cell(operation["summary"])


def _app_paths() -> dict[str, Any]:
    service = import_module("app.server").create_service(None)
    paths: dict[str, Any] = service.openapi()["paths"]
    return paths


def _metric_calls() -> Iterator[tuple[str, str, str]]:
    kinds = {"Counter", "Gauge", "Histogram", "Summary"}
    for node in ast.walk(ast.parse((ROOT / "serving" / "metrics.py").read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
            values = [ast.literal_eval(argument) for argument in node.args]
            name, text, labels = [*values, []][:3]
            suffix = "_total" if node.func.id == "Counter" else ""
            yield name + suffix, text, ", ".join(f"`{label}`" for label in labels)
