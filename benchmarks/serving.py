"""Compare the prediction endpoint with other servers: same model, same faces, one machine.

    python -m benchmarks.serving            # installs the other servers on the first run
    python -m benchmarks.serving --rounds 1 --only "ours" --only "FastAPI + orjson"
    git worktree add ../before COMMIT; ln -s $PWD/.venv-serving ../before
    python -m benchmarks.serving --only ours --checkout ../before    # against another commit

All servers run at the same time, and one is measured at a time. A figure is the median over rounds;
a ratio is the median of the rounds' ratios. Any status but 200 ends the benchmark.
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

from benchmarks.checkout import server_of
from benchmarks.load import run_load
from benchmarks.payloads import Faces
from benchmarks.servers_under_test import (
    RunningServer,
    servers_under_test,
    set_up_environments,
    started,
)
from faces.data.conditions import parse_condition
from faces.data.dataset import load_faces
from faces.data.split import split_by_condition
from faces.models import build_model
from faces.models.export import export_model
from faces.models.face_check import with_face_check
from faces.models.onnx_export.convert import convert_model
from faces.models.training import fit_classifier, fit_features
from faces.runtime.portable import write_portable

CONNECTIONS = (1, 8, 32)
PAYLOADS = ("JSON", "base64")
OURS, OURS_V2 = "ours", "ours, V2"
Key = tuple[str, str, int]
"""Server, payload and number of connections."""

Figures = dict[Key, list[tuple[float, float, float, float]]]
"""Per round: responses per second, p50 and p99 in ms, CPU µs per response."""


def main() -> None:
    """Measure all servers and print the tables of docs/serving.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="duration of each measurement")
    parser.add_argument("--only", action="append", metavar="SERVER", help="may be repeated")
    parser.add_argument("--checkout", type=Path, help="of this repository, whose server to measure")
    args = parser.parse_args()
    selected = [s for s in servers_under_test() if not args.only or s.name in args.only]
    if args.checkout:
        selected.append(server_of(args.checkout))
    set_up_environments(selected)
    figures: Figures = defaultdict(list)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        faces = write_model(folder / "model.npz")
        servers = [
            stack.enter_context(started(server, folder, faces))
            for server in track(selected, "starting the servers")
        ]
        for running in servers:
            warm_up(running, faces)
        plan = list(product(range(args.rounds), PAYLOADS, CONNECTIONS))
        for round_, payload, connections in track(plan, "measuring in turn"):
            first = round_ % len(servers)
            for running in servers[first:] + servers[:first]:
                key = (running.server.name, payload, connections)
                figures[key].append(measure(running, payload, connections, faces, args.seconds))
        print_figures(servers, figures)
        print_ratios(servers, figures, OURS)
        print_ratios(servers, figures, OURS_V2)
        print_costs(servers)


def write_model(file: Path) -> Faces:
    """Train the default model; write its portable form, and an ONNX graph next to it.

    Returns its held-out faces.
    """
    faces = load_faces("auto")
    split = split_by_condition(faces, parse_condition("yaw=frontal", faces.conditions), seed=11)
    model, train = build_model("svm", seed=11), faces[split.train]
    features = fit_features(model, train.pixels, train.labels)
    fitted = fit_classifier(model, features, train.pixels, train.labels)
    metadata = {"data_version": faces.version, "data_source": faces.source}
    portable = with_face_check(export_model(fitted, metadata), faces, split.train)
    file.write_bytes(write_portable(portable))
    file.with_suffix(".onnx").write_bytes(convert_model(portable).SerializeToString())
    return np.asarray(faces.pixels[split.test])


def warm_up(running: RunningServer, faces: Faces) -> None:
    """Send both payloads for half a second each, without measuring."""
    for payload in PAYLOADS:
        measure(running, payload, 8, faces, 0.5)


def measure(
    running: RunningServer, payload: str, connections: int, faces: Faces, seconds: float
) -> tuple[float, float, float, float]:
    """Send one face per request; return one round's figures."""
    server = running.server
    encode = server.as_json if payload == "JSON" else server.as_base64
    requests = [encode(face[None]) for face in faces[:32]]
    before = running.cpu_seconds()
    load = run_load(running.port, requests, connections=connections, seconds=seconds)
    if load.failures:
        raise SystemExit(f"{server.name} failed: {load.failures[0]}")
    cpu = 1e6 * (running.cpu_seconds() - before) / len(load.seconds)
    return load.rate, load.percentile(50), load.percentile(99), cpu


def print_figures(servers: list[RunningServer], figures: Figures) -> None:
    """Print a Markdown table for each payload."""
    for payload in PAYLOADS:
        print(f"\nOne face as {payload}, with {_slashed(CONNECTIONS)} connections:\n")
        _print_row("server", "responses per second", "p50 ms", "p99 ms", "CPU µs per response")
        _print_row(*["---"] * 5)
        for running in servers:
            columns: list[list[str]] = [[], [], [], []]
            for connections in CONNECTIONS:
                rounds = figures[running.server.name, payload, connections]
                for column, values, digits in zip(
                    columns, zip(*rounds, strict=True), (0, 1, 1, 0), strict=True
                ):
                    column.append(f"{median(values):.{digits}f}")
            _print_row(running.server.name, *(_slashed(column) for column in columns))


def print_ratios(servers: list[RunningServer], figures: Figures, ours: str) -> None:
    """Print a Markdown table of one server's rate divided by each other's, round by round."""
    names = [running.server.name for running in servers]
    if ours not in names:
        return
    print(f"\nRatio of responses per second, {ours} / theirs: median (lowest–highest):\n")
    plan = list(product(PAYLOADS, CONNECTIONS))
    _print_row("server", *(f"{payload}, {connections}" for payload, connections in plan))
    _print_row(*["---"] * (len(plan) + 1))
    for name in names:
        if name == ours:
            continue
        cells = []
        for payload, connections in plan:
            rounds = zip(
                figures[ours, payload, connections],
                figures[name, payload, connections],
                strict=True,
            )
            ratios = [mine[0] / theirs[0] for mine, theirs in rounds]
            cells.append(f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})")
        _print_row(name, *cells)


def print_costs(servers: list[RunningServer]) -> None:
    """Print a Markdown table of startup times and of memory after all measurements."""
    print()
    _print_row("server", "s to first response", "MiB, unshared")
    _print_row(*["---"] * 3)
    for running in servers:
        seconds, memory = f"{running.startup_seconds:.1f}", f"{running.memory_mib():.0f}"
        _print_row(running.server.name, seconds, memory)


def _print_row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")


def _slashed(values: Iterable[object]) -> str:
    return " / ".join(map(str, values))


if __name__ == "__main__":
    main()
