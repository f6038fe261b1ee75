"""Run a pipeline with each combination of settings that a command line names."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from cli.console import make_console
from cli.overrides import Overrides
from cli.profiling import run_profiled
from cli.runner import run_pipeline
from cli.summaries import print_summary
from components.settings import Settings


def run_each(
    name: str,
    runs: Sequence[tuple[Overrides, Settings]],
    args: argparse.Namespace,
    console: Console,
) -> None:
    """Run a pipeline once per combination of settings, and print each summary.

    Args:
        name: The pipeline.
        runs: For each run, the values that differ and all settings.
        args: The command line: stack, cache, profile, and the file of the summary.
        console: Where progress is printed.
    """
    for number, (overrides, settings) in enumerate(runs, start=1):
        file: Path | None = args.summary
        if args.multirun:
            words = " ".join(f"{key}={value}" for key, value in overrides.items())
            console.print(f"\nrun {number} of {len(runs)}: {words}", markup=False)
            file = file and file.with_stem(f"{file.stem}-{number}")
        run = partial(run_pipeline, name, settings, args.stack, not args.no_cache, console)
        profile = None
        if args.profile:
            summary, profile = run_profiled(run, args.stack)
        else:
            summary = run()
        if file:
            file.write_text(summary.model_dump_json(indent=2) + "\n")
        print_summary(summary, make_console())
        if profile:
            print(f"\nprofile: {profile}")
