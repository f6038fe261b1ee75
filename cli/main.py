"""Run a pipeline on a stack, register stacks, or list what is available."""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from cli import runtime_env
from cli.examples import all_examples
from cli.exit_codes import exit_code
from cli.options import describe_unknown, pipeline_parser
from cli.overrides import read_overrides
from faces.errors import UserError, did_you_mean
from pipelines.shared.output_file import check_output_file
from pipelines.shared.registry import describe_pipeline, load_pipeline, pipeline_names

COMMANDS = {
    "predict": "send a face to the endpoint and show the predicted identity",
    "endpoint": "show, start or stop the endpoint, or read its log",
    "export": "write a version's model to a file, for numpy or as ONNX",
    "enrol": "enrol a person from pictures: train with them, and deploy",
    "captured": "show or delete captured requests",
    "lineage": "show what led to an answer, or who and what is in a version",
    "review": "approve or reject what waits for a person",
    "webhook-receiver": "deploy when the alias 'champion' moves in MLflow: receive its webhooks",
    "monitoring": "watch the endpoint with Prometheus and Alertmanager; alerts go to the alerter",
    "dashboard": "open the ZenML dashboard at the latest run with pictures",
    "demo": "run the whole loop in an isolated ZenML configuration",
    "app": "open the app: recognise photos, label faces, approve versions, watch for drift",
    "build-images": "build and try the container images without a container engine",
}
"""Subcommands: the modules of `cli` with the same names."""

# ZenML and MLflow import 3,500 modules, which stay, and a run is over before there is much garbage.
gc.set_threshold(2_000_000, 50, 100)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and dispatch.

    Args:
        arguments: The command line without the program's name; by default that of the process.

    Returns:
        The exit code. 0: done, 1: failed, 2: wrong input, 130: interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    runtime_env.set_defaults()
    if words and words[0] in COMMANDS:
        module = import_module(f"cli.{words[0].replace('-', '_')}")
        command: Callable[[Sequence[str]], int] = module.main
        return command(words[1:])
    return exit_code(lambda: _dispatch(words))


def _dispatch(words: list[str]) -> int:
    parser = base_parser()
    args, unknown = parser.parse_known_args(words)
    if args.dry_run and not args.register_stacks:
        parser.error("--dry-run needs --register-stacks")
    if args.pipeline:
        return _pipeline(args.pipeline, words)
    if args.help:
        parser.print_help()
        return 0
    if args.list:
        return _list()
    if args.summary_schema:
        return _summary_schema()
    if args.register_stacks:
        return _register(args.dry_run)
    if args.doctor:
        return _doctor(args.stack)
    if words:
        raise UserError(_describe_mistake(unknown, parser))
    parser.print_help()
    return 2


def _describe_mistake(unknown: Sequence[str], parser: argparse.ArgumentParser) -> str:
    if not unknown:
        return f"nothing to do: --pipeline {' or '.join(pipeline_names())}"
    word = unknown[0].split("=")[0]
    if word.startswith("-"):
        return describe_unknown(word, parser)
    if word in pipeline_names():
        return f"unknown command '{word}': a pipeline runs with --pipeline {word}"
    return (
        f"unknown command '{word}': {did_you_mean(word, COMMANDS)}choose from {', '.join(COMMANDS)}"
    )


def base_parser() -> argparse.ArgumentParser:
    """Return the parser of the options that are not a single pipeline's."""
    pipelines = "\n".join(f"  {name:16} {describe_pipeline(name)}" for name in pipeline_names())
    commands = "\n".join(f"  {name:16} {text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="run.py",
        usage="run.py --pipeline NAME [options] [SETTING=VALUE …] | run.py COMMAND [options] | "
        "run.py [options]",
        description=__doc__,
        epilog="SETTING=VALUE changes any setting: model=fisher gate.minimum_images=10\n\n"
        f"pipelines (run.py --pipeline NAME --help shows their options):\n{pipelines}\n\n"
        f"commands (run.py COMMAND --help shows their options):\n{commands}\n\n{all_examples()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("-h", "--help", action="store_true", help="show this help, or that of --pipeline NAME")
    add("--pipeline", metavar="NAME", help="the pipeline to run")
    add("--config", metavar="FILE", type=Path, help="settings; default: configs/NAME.yaml")
    add("--stack", metavar="NAME", help="stack for this run; default: the active stack")
    add("--no-cache", action="store_true", help="run every step, even if its result is cached")
    add("--summary", metavar="FILE", type=Path, help="write a summary of the run as JSON")
    add(
        "--multirun",
        action="store_true",
        help="run once per combination: seed=1,2,3 model=svm,fisher; summaries are numbered",
    )
    add("--profile", action="store_true", help="store a flame graph and a table of times")
    add(
        "--log-format",
        choices=("text", "json"),
        help="json: log lines as JSON on stderr, with run and step; also FACES_LOG_FORMAT=json",
    )
    add("--settings", action="store_true", help="print all settings of a pipeline and exit")
    add(
        "--every",
        metavar="T",
        help="drift_detection: repeat every 90s, 10min, 2h, 1d or 50faces; on Vertex AI this "
        "creates a schedule, and 'never' deletes it",
    )
    add("--list", action="store_true", help="list pipelines, models, detectors, stacks, …")
    add("--register-stacks", action="store_true", help="register stacks/*.yaml with ZenML")
    add("--dry-run", action="store_true", help="with --register-stacks: only show the changes")
    add("--doctor", action="store_true", help="check every component of a stack and suggest fixes")
    add("--summary-schema", action="store_true", help="print the JSON schema of --summary")
    return parser


def _pipeline(name: str, words: list[str]) -> int:
    from cli.console import make_console

    if format_ := base_parser().parse_known_args(words)[0].log_format:
        os.environ[runtime_env.LOG_FORMAT] = format_
    console = make_console(stderr=True)
    with console.status("reading settings …"):
        parser = pipeline_parser(name, base_parser())
        args = parser.parse(words)
        if args.help:
            parser.print_help()
            return 0
        from cli.settings import read_settings

        options = parser.options_of(args)
        schema = load_pipeline(name).SETTINGS
        runs = [
            (overrides, read_settings(name, args.config, options, overrides))
            for overrides in read_overrides(args.overrides, schema, args.multirun)
        ]
        overrides, settings = runs[0]
    if args.multirun and (args.settings or args.every):
        raise UserError("--multirun cannot be combined with --settings or --every")
    if args.settings:
        from cli.settings import print_settings

        print_settings(name, settings, args.config, options, overrides)
        return 0
    if args.every:
        from cli.watch import watch_pipeline

        return watch_pipeline(name, settings, words, args.every, args.stack, console)
    if args.summary:
        check_output_file("--summary", args.summary)
    from cli.combinations import run_each

    run_each(name, runs, args, console)
    return 0


def _doctor(stack: str | None) -> int:
    from cli.console import make_console
    from cli.runner import DEFAULT_STACK
    from cli.stacks import check_stack

    runtime_env.silence_framework_logs()
    return 0 if check_stack(stack or DEFAULT_STACK, make_console()) else 1


def _register(dry_run: bool) -> int:
    from cli.console import make_console
    from cli.stacks import register_all

    runtime_env.silence_framework_logs()
    register_all(make_console(), dry_run)
    return 0


def _list() -> int:
    from faces.data.conditions import USUAL_VALUES
    from faces.data.corruptions import CAMERA_FAILURES, CORRUPTIONS
    from faces.data.sources import source_names
    from faces.drift.detectors import detector_names
    from faces.models import model_names
    from stacks.spec import stack_names

    conditions = (f"{name} ({' or '.join(values)})" for name, values in USUAL_VALUES.items())
    for title, names in {
        "pipelines": pipeline_names(),
        "models": model_names(),
        "data": source_names(),
        "conditions": conditions,
        "corruptions": [*CORRUPTIONS, *CAMERA_FAILURES],
        "detectors": detector_names(),
        "stacks": stack_names(),
    }.items():
        print(f"{title:12}{', '.join(names)}")
    return 0


def _summary_schema() -> int:
    from cli.summaries import summary_schema

    print(summary_schema())
    return 0
