"""The prediction endpoint beside other servers: same model, same faces, in turn, on one machine.

    python -m benchmarks.serving            # sets up the other servers' environments, once
    python -m benchmarks.serving --rounds 1 --only "ours" --only "FastAPI + orjson"

All servers run at the same time, and one is asked at a time. A figure is the median over rounds;
a ratio is the median of the rounds' ratios. Everything but status 200 ends the benchmark.
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from statistics import median

import numpy as np
from rich.progress import track

from benchmarks.load import run_load
from benchmarks.servers_under_test import (
    Faces,
    Running,
    servers_under_test,
    set_up_environments,
    started,
)
from faces.data.conditions import parse_condition
from faces.data.dataset import load_faces
from faces.data.split import split_by_condition
from faces.models import build_model
from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features
from faces.runtime.portable import stamped, write_portable

CONNECTIONS = (1, 8, 32)
PAYLOADS = ("JSON", "base64")
OURS = "ours"
Key = tuple[str, str, int]
Figures = dict[Key, list[tuple[float, float, float, float]]]
"""By server, payload and connections: answers a second, p50 and p99 in ms, CPU µs an answer."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of load for each figure")
    parser.add_argument("--only", action="append", metavar="SERVER", help="several times")
    args = parser.parse_args()
    set_up_environments()
    chosen = [c for c in servers_under_test() if not args.only or c.name in args.only]
    figures: Figures = defaultdict(list)
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        faces = write_model(folder / "model.npz")
        servers = [
            stack.enter_context(started(contender, folder, faces))
            for contender in track(chosen, "starting the servers")
        ]
        for server in servers:
            warm_up(server, faces)
        plan = list(product(range(args.rounds), PAYLOADS, CONNECTIONS))
        for round_, payload, connections in track(plan, "measuring in turn"):
            for server in servers[round_ % len(servers) :] + servers[: round_ % len(servers)]:
                key = (server.contender.name, payload, connections)
                figures[key].append(measure(server, payload, connections, faces, args.seconds))
        print_figures(servers, figures)
        print_ratios(servers, figures)
        print_costs(servers)


def write_model(file: Path) -> Faces:
    """Train the default model, write its portable form; gives held-out faces to ask about."""
    faces = load_faces("auto")
    split = split_by_condition(faces, parse_condition("yaw=frontal", faces.conditions), seed=11)
    model, train = build_model("svm", seed=11), faces[split.train]
    features = fit_features(model, train.pixels, train.labels)
    fitted = fit_classifier(model, features, train.pixels, train.labels)
    about = {"data_version": faces.version, "data_source": faces.source}
    file.write_bytes(write_portable(stamped(export_model(fitted, about), 1)))
    return np.asarray(faces.pixels[split.test])


def warm_up(server: Running, faces: Faces) -> None:
    """Ask a server for everything that it will be asked for, before it counts."""
    for payload in PAYLOADS:
        measure(server, payload, 8, faces, 0.5)


def measure(
    server: Running, payload: str, connections: int, faces: Faces, seconds: float
) -> tuple[float, float, float, float]:
    """Ask one face at a time, from some connections, for some seconds."""
    contender = server.contender
    write = contender.as_json if payload == "JSON" else contender.as_base64
    requests = [write(face[None]) for face in faces[:32]]
    before = server.cpu_seconds()
    load = run_load(server.port, requests, connections=connections, seconds=seconds)
    if load.failures:
        raise SystemExit(f"{contender.name} failed: {load.failures[0]}")
    cpu = 1e6 * (server.cpu_seconds() - before) / len(load.seconds)
    return load.rate, load.percentile(50), load.percentile(99), cpu


def print_figures(servers: list[Running], figures: Figures) -> None:
    """A table for each payload, in Markdown."""
    for payload in PAYLOADS:
        print(f"\nOne face as {payload}, at {_slashed(CONNECTIONS)} connections:\n")
        _print_row("server", "answers a second", "p50 ms", "p99 ms", "CPU µs an answer")
        _print_row(*["---"] * 5)
        for server in servers:
            columns: list[list[str]] = [[], [], [], []]
            for connections in CONNECTIONS:
                found = figures[server.contender.name, payload, connections]
                for column, values, digits in zip(
                    columns, zip(*found, strict=True), (0, 1, 1, 0), strict=True
                ):
                    column.append(f"{median(values):.{digits}f}")
            _print_row(server.contender.name, *(_slashed(column) for column in columns))


def print_ratios(servers: list[Running], figures: Figures) -> None:
    """Ours against each, round by round, in Markdown."""
    names = [server.contender.name for server in servers]
    if OURS not in names:
        return
    print("\nAnswers a second, ours / theirs: median of the rounds' ratios (lowest–highest):\n")
    plan = list(product(PAYLOADS, CONNECTIONS))
    _print_row("server", *(f"{payload}, {connections}" for payload, connections in plan))
    _print_row(*["---"] * (len(plan) + 1))
    for name in names:
        if name == OURS:
            continue
        cells = []
        for payload, connections in plan:
            ours, theirs = (figures[who, payload, connections] for who in (OURS, name))
            ratios = [mine[0] / other[0] for mine, other in zip(ours, theirs, strict=True)]
            cells.append(f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})")
        _print_row(name, *cells)


def print_costs(servers: list[Running]) -> None:
    """Seconds to the first answer, and memory after all the load, in Markdown."""
    print()
    _print_row("server", "s to the first answer", "MiB of its own")
    _print_row(*["---"] * 3)
    for server in servers:
        _print_row(server.contender.name, f"{server.startup:.1f}", f"{server.memory():.0f}")


def _print_row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")


def _slashed(values: Iterable[object]) -> str:
    return " / ".join(map(str, values))


if __name__ == "__main__":
    main()
