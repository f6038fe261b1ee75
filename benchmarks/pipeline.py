"""Overhead of ZenML, MLflow and everything that a run records, against a plain script.

The plain script (benchmarks/plain.py) is the smallest one that trains the same model. Whole
processes are timed in turn. The first run of a fresh ZenML configuration is not counted, because
it creates the databases. The second table shows which packages the time of one more run goes to.
"""

import argparse
import os
import re
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
REFERENCE = "plain script"
IMPORT_TIME = re.compile(r"import time: +(?P<own>\d+) \| +\d+ \| +(?P<package>\w+)")
GROUPS = {
    "ZenML": ("zenml", "sqlalchemy", "sqlmodel", "pydantic", "alembic", "docker", "requests"),
    "MLflow": ("mlflow", "fastapi", "opentelemetry", "google"),
    "scikit-learn and SciPy": ("sklearn", "scipy", "joblib", "threadpoolctl"),
    "pandas": ("pandas", "pyarrow"),
    "matplotlib and Pillow": ("matplotlib", "PIL"),
    "this project": ("cli", "pipelines", "steps", "stacks", "components", "store", "faces"),
}
OTHER = "other packages"


def main() -> None:
    """Time plain, uncached and cached in turn; print ratios, memory and import times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="how often each is timed")
    args = parser.parse_args()
    source = "olivetti" if cache_file().exists() else "synthetic"
    Console().print(f"{source} faces, {args.pairs} runs each")
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"ZENML_CONFIG_PATH": folder}
        # As for most users: Python keeps the bytecode of the project's modules, too.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        commands = {
            REFERENCE: [*PLAIN, source],
            "pipeline, --no-cache": [*PIPELINE, source, "--no-cache"],
            "pipeline, cached": [*PIPELINE, source],
        }
        measured: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        time_process("first run", commands["pipeline, --no-cache"], environment)
        for _ in track(range(args.pairs), "timing in turn"):
            for name, command in commands.items():
                measured[name].append(time_process(name, command, environment))
        imports = {name: time_imports(command, environment) for name, command in commands.items()}
    print_ratios(measured)
    print_imports(imports)


def time_process(name: str, command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Run a command.

    Args:
        name: What to call it if it fails.
        command: Program and arguments.
        environment: Environment variables.

    Returns:
        Its duration in seconds and its peak memory in MiB.

    Raises:
        SystemExit: If it fails.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{name} failed: {' '.join(command)}")
    return seconds, usage.ru_maxrss / 1024


def time_imports(command: list[str], environment: dict[str, str]) -> dict[str, float]:
    """Run a Python command with `-X importtime`.

    Args:
        command: Interpreter and arguments.
        environment: Environment variables.

    Returns:
        Seconds that importing took, by group of packages.
    """
    python, *arguments = command
    done = subprocess.run(
        [python, "-X", "importtime", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return sum_imports(done.stderr)


def sum_imports(report: str) -> dict[str, float]:
    """Sum up what `-X importtime` printed.

    Args:
        report: Lines such as "import time:  120 |  4500 |   sklearn.svm": microseconds of the
            module alone, microseconds with what it imports, and its name.

    Returns:
        Seconds of the modules alone, by group of packages.
    """
    seconds = dict.fromkeys((*GROUPS, OTHER), 0.0)
    groups = {package: group for group, packages in GROUPS.items() for package in packages}
    for line in report.splitlines():
        if match := IMPORT_TIME.match(line):
            seconds[groups.get(match["package"], OTHER)] += int(match["own"]) / 1e6
    return seconds


def print_ratios(measured: dict[str, list[tuple[float, float]]]) -> None:
    """Print a row per command: median seconds, ratio to the plain script, peak memory.

    Args:
        measured: Seconds and MiB of every run, by command.
    """
    table = Table("", "median s", "ratio", "peak MiB")
    base = median(seconds for seconds, _ in measured[REFERENCE])
    for name, runs in measured.items():
        middle = median(seconds for seconds, _ in runs)
        peak = max(memory for _, memory in runs)
        table.add_row(name, f"{middle:.2f}", f"{middle / base:.2f}×", f"{peak:.0f}")
    Console().print(table)


def print_imports(imports: dict[str, dict[str, float]]) -> None:
    """Print the seconds that importing took, a row per group of packages.

    Args:
        imports: Seconds by group, by command.
    """
    table = Table("seconds of imports", *imports)
    for group in (*GROUPS, OTHER):
        table.add_row(group, *(f"{seconds[group]:.2f}" for seconds in imports.values()))
    table.add_row("all", *(f"{sum(seconds.values()):.2f}" for seconds in imports.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
