"""Overhead of ZenML and MLflow: the training pipeline against the same computations without them.

Whole processes are timed in turn. The first run of a fresh ZenML configuration is not counted,
because it creates the databases.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import track
from rich.table import Table

from faces.data.sources.olivetti import cache_file

ROOT = Path(__file__).parent.parent
PIPELINE = [sys.executable, "run.py", "--pipeline", "training", "--data"]
PLAIN = [sys.executable, "-m", "benchmarks.plain"]


def main() -> None:
    """Time plain, uncached and cached in turn; print ratios of medians and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="how often each is timed")
    args = parser.parse_args()
    source = "olivetti" if cache_file().exists() else "synthetic"
    Console().print(f"{source} faces, {args.pairs} runs each")
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"ZENML_CONFIG_PATH": folder}
        commands = {
            "plain script": [*PLAIN, source],
            "pipeline, --no-cache": [*PIPELINE, source, "--no-cache"],
            "pipeline, cached": [*PIPELINE, source],
        }
        measured: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        time_process("first run", commands["pipeline, --no-cache"], environment)
        for _ in track(range(args.pairs), "timing in turn"):
            for name, command in commands.items():
                measured[name].append(time_process(name, command, environment))
    print_ratios(measured)


def time_process(name: str, command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Run a command; return its seconds and its peak memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{name} failed: {' '.join(command)}")
    return seconds, usage.ru_maxrss / 1024


def print_ratios(measured: dict[str, list[tuple[float, float]]]) -> None:
    """Print a row per command: median seconds, ratio to the plain script, peak memory."""
    table = Table("", "median s", "ratio", "peak MiB")
    base = median(seconds for seconds, _ in measured["plain script"])
    for name, runs in measured.items():
        middle = median(seconds for seconds, _ in runs)
        peak = max(memory for _, memory in runs)
        table.add_row(name, f"{middle:.2f}", f"{middle / base:.2f}×", f"{peak:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
