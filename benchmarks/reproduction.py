"""Versions that are the same, bit for bit, when they are trained again elsewhere.

    python -m benchmarks.reproduction --python /path/to/python3.12    # ten minutes

Twenty versions are trained in an isolated ZenML configuration with one thread: two by erasing a
person, one by drift detection, the others with several models, seeds and conditions. Each is
trained again with this Python and with every `--python`, whose environment has the packages of
requirements/base.txt, with one thread and with two.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.servers_under_test import free_port

ROOT = Path(__file__).parent.parent
PEOPLE = ("s07", "s08")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
COMPARE = """\
import json, sys
from cli import runtime_env
runtime_env.set_defaults()
runtime_env.silence_framework_logs()
from steps.training.rebuild_version import compare_with_recorded
from store.versions import all_versions
for number in sorted(version.number for version in all_versions()):
    print("RESULT", json.dumps([number, compare_with_recorded(number).first_difference]))
"""


def main() -> None:
    """Parse the command line, and print the results in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", action="append", default=[], metavar="PROGRAM")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "ZENML_CONFIG_PATH": folder}
        try:
            for command in trainings(free_port()):
                run(["run.py", *command], environment)
        finally:
            run(["run.py", "endpoint", "--stop"], environment)
        print("| Python | threads | identical | first differences |\n|---|---|---|---|")
        for program in [sys.executable, *args.python]:
            for threads in ("1", "2"):
                print(compare(program, threads, environment), flush=True)


def trainings(port: int) -> Iterator[Sequence[str]]:
    """Return the command lines that make twenty versions.

    Args:
        port: A free port for the endpoint.

    Yields:
        Words after `run.py`.
    """
    pipeline, multirun = "--pipeline", ("--pipeline", "training", "--multirun")
    yield pipeline, "training"
    yield pipeline, "deployment", f"endpoint.port={port}"
    yield pipeline, "traffic", "--condition", "yaw=left,right", "--requests", "40"
    yield pipeline, "drift_detection"
    for person in PEOPLE:
        yield pipeline, "forget", "--person", person
    yield *multirun, "model=svm,logistic,fisher,eigenfaces,lbp", "seed=1,2"
    yield *multirun, "model=svm,fisher", "condition=lighting=even,glasses=no"
    yield *multirun, "model=logistic,bayesian", "test_share=0.4,0.5"
    yield *multirun, "model=mlp", "seed=3"


def run(command: Sequence[str], environment: dict[str, str]) -> None:
    """Run a command with one thread, or fail with its output.

    Args:
        command: Arguments of Python.
        environment: Environment variables.
    """
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment | dict.fromkeys(THREADS, "1"),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}\n{done.stderr}")


def compare(program: str, threads: str, environment: dict[str, str]) -> str:
    """Train all versions again.

    Args:
        program: The Python to use.
        threads: Number of threads for linear algebra.
        environment: Environment variables.

    Returns:
        A row of the table.
    """
    done = subprocess.run(
        [program, "-c", COMPARE],
        cwd=ROOT,
        env=environment | dict.fromkeys(THREADS, threads),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{program} ended with {done.returncode}\n{done.stderr}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    results = [json.loads(line.removeprefix("RESULT ")) for line in lines]
    differing = [f"{number}: {difference}" for number, difference in results if difference]
    version = subprocess.check_output([program, "--version"], text=True).split()[1]
    identical = f"{len(results) - len(differing)} of {len(results)}"
    return f"| {version} | {threads} | {identical} | {'; '.join(differing) or '–'} |"


if __name__ == "__main__":
    main()
