"""A sweep with one trial at a time and with two: time from the split to the choice of the best.

    python -m benchmarks.sweep                  # five minutes
    python -m benchmarks.sweep --trials 30 --workers 1 2 4
    python -m benchmarks.sweep --data synthetic data.people=100    # longer trials

Each sweep runs in a fresh ZenML configuration, with one BLAS thread for each process.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "run.py", "--pipeline", "sweep", "--minutes", "60"]
FIRST, LAST = "split faces", ("search models", "choose trial")
"""Steps before the search, and the last step of the search."""


def main() -> None:
    """Run the sweeps, and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="auto")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], metavar="N")
    parser.add_argument("overrides", nargs="*", help="settings of the sweep: name=value")
    args = parser.parse_args()
    fixed = ["--data", args.data, "--trials", str(args.trials), *args.overrides]
    seconds = {n: measure(fixed, n) for n in args.workers}
    print("| trials at a time | seconds | speed-up |\n|---|---|---|")
    for workers, value in seconds.items():
        print(f"| {workers} | {value:.1f} | {seconds[args.workers[0]] / value:.2f} |")


def measure(fixed: Sequence[str], workers: int) -> float:
    """Run a sweep; return the seconds that the search took."""
    arguments = [*fixed, "--parallel", str(workers)]
    with tempfile.TemporaryDirectory(prefix="faces-sweep-") as folder:
        environment = os.environ | {"ZENML_CONFIG_PATH": folder}
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        with subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            times = {line.strip(): time.perf_counter() for line in process.stdout}
        if process.returncode:
            raise SystemExit("\n".join(times))
    return _time_of(times, *LAST) - _time_of(times, FIRST)


def _time_of(times: dict[str, float], *steps: str) -> float:
    """Return when the line of a finished step was printed."""
    return next(at for line, at in times.items() if any(step in line for step in steps))


if __name__ == "__main__":
    main()
