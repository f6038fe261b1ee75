#!/usr/bin/env python
"""Run a pipeline on a stack, register stacks, or list what there is."""

import argparse
import gc
import json
import os
import sys
from pathlib import Path

from cli import runtime_env
from faces.errors import OperationError, UserError

EXAMPLES = """\
examples:
  python run.py --pipeline training
  python run.py --pipeline training --model logistic --condition lighting
  python run.py --pipeline training --condition yaw=frontal,lighting=even --seed 3
  python run.py --pipeline training --data path/to/people
  python run.py --pipeline sweep --trials 40 --minutes 10
  python run.py --pipeline deployment
  python run.py --pipeline traffic --condition yaw=left,right --requests 60
  python run.py --pipeline drift_detection
  python run.py --pipeline drift_detection --every 10min
  python run.py --pipeline history --page history.html
  python run.py --pipeline rollback --reason "wrong names since this morning"
  python run.py --register-stacks --dry-run
  python run.py --doctor --stack gcp
"""


# ZenML and MLflow load 3,500 modules; looking for garbage meanwhile takes a fifth of that time.
gc.set_threshold(200_000, 50, 100)


def main() -> int:
    """Parse the command line and dispatch. 0: done, 1: failed, 2: mend your input, 130: stopped."""
    parser = _parser()
    args = parser.parse_args()
    if args.dry_run and not args.register_stacks:
        parser.error("--dry-run goes with --register-stacks")
    runtime_env.set_defaults()
    try:
        if args.list:
            _list()
        elif args.register_stacks:
            _register(args.dry_run)
        elif args.doctor:
            return _doctor(args.stack)
        elif args.every:
            return _watch(args)
        elif args.pipeline:
            _run(args)
        else:
            parser.print_help()
            return 2
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OperationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else error
        print(f"error: cannot read or write {what}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run the same command again at any time", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pipeline", metavar="NAME", help="the pipeline to run (see --list)")
    parser.add_argument("--config", metavar="FILE", type=Path, help="default: configs/NAME.yaml")
    parser.add_argument(
        "--stack", metavar="NAME", help="for this run only; default: the active one"
    )
    parser.add_argument("--model", metavar="NAME", help="a model of configs/models (see --list)")
    parser.add_argument(
        "--condition",
        metavar="C",
        help="what to train on, or to send: lighting, yaw=frontal,glasses=no, …",
    )
    parser.add_argument(
        "--data",
        metavar="SOURCE",
        help="auto, olivetti, synthetic, a folder, or gs://bucket/folder",
    )
    parser.add_argument("--seed", metavar="N", type=int, help="of the split and the training")
    parser.add_argument("--requests", metavar="N", type=int, help="of traffic: how many to send")
    parser.add_argument("--trials", metavar="N", type=int, help="of a sweep: at most so many")
    parser.add_argument("--minutes", metavar="M", type=float, help="of a sweep: at most so long")
    parser.add_argument("--corruption", metavar="NAME", help="of traffic: noise, blur, …")
    parser.add_argument(
        "--every",
        metavar="T",
        help="of drift_detection: again after 10min, 2h, 50faces; on gcp until 'never'",
    )
    parser.add_argument("--reason", metavar="TEXT", help="of a rollback, for the record")
    parser.add_argument("--page", metavar="FILE", help="of the history: where to write it")
    parser.add_argument("--no-cache", action="store_true", help="run every step anew")
    parser.add_argument("--summary", metavar="FILE", type=Path, help="write the result as JSON")
    parser.add_argument(
        "--register-stacks", action="store_true", help="bring stacks/*.yaml to ZenML"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="with it: only show what would change"
    )
    parser.add_argument(
        "--doctor", action="store_true", help="look at a stack part by part, and say what to mend"
    )
    parser.add_argument("--list", action="store_true", help="pipelines, models, conditions, stacks")
    return parser


def _run(args: argparse.Namespace) -> None:
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    with console.status("reading settings …"):
        from cli.settings import read_settings

        settings = read_settings(args.pipeline, args.config, vars(args))
        if args.summary and not args.summary.parent.is_dir():
            raise UserError(f"--summary: no folder {args.summary.parent}")
        from cli.runner import run_pipeline
        from cli.summaries import print_summary

    summary = run_pipeline(args.pipeline, settings, args.stack, not args.no_cache, console)
    if page := summary.pop("html", None):
        write_privately(Path(settings.model_dump()["page"]), page)
    if args.summary:
        args.summary.write_text(json.dumps(summary, indent=2) + "\n")
    print_summary(settings, summary, Console(highlight=False))


def write_privately(path: Path, text: str) -> None:
    """Write a file that only its owner can read: there are faces in it."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _doctor(name: str | None) -> int:
    from rich.console import Console

    from cli.runner import DEFAULT_STACK, examine_stack

    runtime_env.silence_framework_logs()
    return 0 if examine_stack(name or DEFAULT_STACK, Console(highlight=False)) else 1


def _watch(args: argparse.Namespace) -> int:
    from rich.console import Console

    from cli.runner import choose_stack, runs_elsewhere
    from cli.watch import parse_interval, watch

    if args.pipeline != "drift_detection":
        raise UserError("--every goes with --pipeline drift_detection")
    runtime_env.silence_framework_logs()
    every = parse_interval(args.every)
    console = Console(stderr=True, highlight=False)
    with console.status("looking at the stack …"):
        choose_stack(args.stack)
        if runs_elsewhere():
            from cli.schedule import keep_schedule
            from cli.settings import read_settings

            settings = read_settings(args.pipeline, args.config, vars(args))
            print(keep_schedule(settings, every))
            return 0
    if every is None:
        raise UserError("--every never ends a schedule; here there is none: Ctrl-C ends a watch")
    command = [sys.executable, __file__]
    for name, value in vars(args).items():
        if name != "every" and value not in (None, False):
            command += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return watch(command, every, args.stack, console)


def _register(dry_run: bool) -> None:
    from rich.console import Console

    from cli.runner import register_all

    runtime_env.silence_framework_logs()
    register_all(Console(highlight=False), dry_run)


def _list() -> None:
    from faces.data.conditions import USUAL_VALUES
    from faces.models import model_names
    from pipelines.schemas import PIPELINES
    from stacks.spec import stack_names

    print(f"pipelines   {', '.join(PIPELINES)}")
    print(f"models      {', '.join(model_names())}")
    print("conditions  " + ", ".join(f"{k} ({' or '.join(v)})" for k, v in USUAL_VALUES.items()))
    print(f"stacks      {', '.join(stack_names())}")


if __name__ == "__main__":
    sys.exit(main())
