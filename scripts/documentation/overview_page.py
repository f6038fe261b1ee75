"""The page with the system in pictures: context, packages, containers, and a run on each stack."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import chain, pairwise, product

from components.deployers.container_images import DOCKERFILES, IMAGES, REQUIREMENTS
from scripts.documentation.graph import ROOT
from scripts.documentation.markdown import table
from scripts.documentation.svg import draw_graph
from stacks.spec import read_stack, stack_names

CONTEXT = {
    "faces, conditions": False,
    "training": False,
    "sweep": True,
    "promotion gate": False,
    "model versions": False,
    "deployment": False,
    "endpoint": False,
    "programs, cameras": False,
    "app for people": True,
    "captured requests": False,
    "drift detection": False,
    "alerts": False,
    "rollback": True,
    "history": True,
    "forget": True,
}
CONTEXT_EDGES = [
    ("faces, conditions", "training"),
    ("faces, conditions", "sweep"),
    ("training", "promotion gate"),
    ("sweep", "promotion gate"),
    ("promotion gate", "model versions"),
    ("model versions", "deployment"),
    ("model versions", "rollback"),
    ("deployment", "endpoint"),
    ("rollback", "endpoint"),
    ("endpoint", "captured requests"),
    ("programs, cameras", "captured requests"),
    ("app for people", "captured requests"),
    ("captured requests", "drift detection"),
    ("captured requests", "forget"),
    ("drift detection", "alerts"),
    ("drift detection", "history"),
]


def overview_page() -> str:
    """Return the page, with diagrams from the code, pyproject.toml, Dockerfiles and stacks."""
    parts = [
        "# The system in pictures\n\n## Context\n\nWho uses the system, and how its parts follow "
        "each other. Dashed parts are optional.\n",
        f"{draw_graph(CONTEXT, CONTEXT_EDGES, 'Users, endpoint, pipelines and stores')}\n",
        "The loop is closed by [drift detection](pipelines.md#drift_detection), which retrains and "
        "redeploys; [deployment](pipelines.md#deployment) also runs on its own.\n",
        "## Packages\n\nA package imports only from those below it, which `make check` enforces: "
        "[Architecture](../architecture.md#layers).\n",
        f"{_draw_layers()}\n",
        "## Containers\n\nOn one machine, steps run in the process of `run.py` with the packages "
        "of `.venv`, and the endpoint is a server with those of `.venv-serving`. Elsewhere, "
        "each runs in a container:\n",
        table(("image", "what runs in it", "its pins"), _images()),
    ]
    for name in stack_names():
        flavors = {part.type: part.flavor for part in read_stack(name, {}).components}
        nodes, edges = _run_graph(flavors)
        parts.append(f"## A run on the stack {name}\n")
        parts.append(f"{draw_graph(nodes, edges, f'What a run uses on the stack {name}')}\n")
    parts.append("[Stacks](stacks.md) lists the components with their configuration.\n")
    return "\n".join(parts)


def _run_graph(flavors: Mapping[str, str]) -> tuple[dict[str, bool], list[tuple[str, str]]]:
    """Return boxes and arrows of a run: from the command to the endpoint."""
    names = {kind: f"{kind.rpartition('_')[2]}: {flavor}" for kind, flavor in flavors.items()}
    path = ["run.py"]
    path += [names[kind] for kind in ("container_registry", "orchestrator") if kind in names]
    path.append("steps")
    used = [
        names[kind]
        for kind in ("artifact_store", "experiment_tracker", "model_registry", "model_deployer")
        if kind in names
    ]
    edges = [*pairwise(path), *(("steps", name) for name in used)]
    edges.append((names["model_deployer"], "endpoint"))
    last = [names[kind] for kind in ("data_validator", "alerter") if kind in names]
    edges += [("endpoint", "captured requests"), ("captured requests", "drift detection")]
    edges += [("drift detection", name) for name in last]
    nodes = [*path, *used, "endpoint", "captured requests", "drift detection", *last]
    return dict.fromkeys(nodes, False), edges


def _draw_layers() -> str:
    """Draw the packages, as the first contract of import-linter in pyproject.toml orders them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = [layer.split(" : ") for layer in settings["contracts"][0]["layers"]]
    nodes = dict.fromkeys(chain.from_iterable(layers), False)
    edges = [pair for upper, lower in pairwise(layers) for pair in product(upper, lower)]
    return draw_graph(nodes, edges, "Packages, each above those that it imports from")


def _images() -> Iterator[tuple[str, str, str]]:
    """Yield image, purpose (the first sentence of its Dockerfile) and number of packages."""
    for image in IMAGES:
        lines = (ROOT / DOCKERFILES[image]).read_text().splitlines()
        comment = " ".join(line.lstrip("# ") for line in lines if line.startswith("#"))
        pins = (ROOT / "requirements" / REQUIREMENTS[image]).read_text()
        count = len(re.findall(r"^[\w.\[\]-]+==", pins, re.MULTILINE))
        purpose = re.split(r"[.:] ", comment)[0]
        yield f"`{image}`", purpose, f"{count} packages, `requirements/{REQUIREMENTS[image]}`"
