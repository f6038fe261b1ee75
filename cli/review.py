"""Show what waits for a person, and approve or reject it.

A retrained version waits if `approval` in configs/drift_detection.yaml is `always`, or if it is
`quarantined` and labels of the window were quarantined. The run that trained it is paused.

Quarantined labels are not learned unless a person approves them: then the next retraining learns
them, too. The drift report shows their faces, with the number that ends the label's id.

Examples:
  python run.py review                              # what waits, and until when
  python run.py review --approve RUN                # promote and deploy the version of the run
  python run.py review --reject RUN                 # leave production as it is
  python run.py review --approve-label 5d41402a-14  # the label is right
  python run.py review --reject-label 5d41402a-14   # the label is wrong: it is not shown again
"""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli import runtime_env
from cli.exit_codes import exit_code
from cli.subcommand import make_parser
from faces.errors import UserError, require_choice

if TYPE_CHECKING:
    from rich.console import Console

    from store.approvals import Approval

PIPELINE = "drift_detection"


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line; show, approve or reject.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`.
    """
    parser = make_parser("review", __doc__)
    answers = parser.add_mutually_exclusive_group()
    answers.add_argument("--approve", metavar="RUN", help="deploy the version of a waiting run")
    answers.add_argument("--reject", metavar="RUN", help="leave production as it is")
    answers.add_argument("--approve-label", metavar="ID", help="the quarantined label is right")
    answers.add_argument("--reject-label", metavar="ID", help="the quarantined label is wrong")
    parser.add_argument("--stack", metavar="NAME", help="stack; default: the active stack")
    args = parser.parse_args(arguments)
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    return exit_code(lambda: _act(args))


def _act(args: argparse.Namespace) -> None:
    from cli.console import make_console
    from cli.review_labels import review_label, show_quarantined
    from cli.stacks import select_stack

    with make_console(stderr=True).status("reading what waits …"):
        stack = select_stack(args.stack).name
    if args.approve:
        approve_run(args.approve, stack, make_console())
    elif args.reject:
        reject_run(args.reject)
    elif args.approve_label or args.reject_label:
        review_label(args.approve_label, args.reject_label)
    else:
        show_waiting(make_console())
        show_quarantined()


def approve_run(name: str, stack: str, console: "Console") -> None:
    """Approve the version that a run holds, and resume the run, which deploys it.

    Args:
        name: The run's name.
        stack: The active stack.
        console: Where the summary is printed.

    Raises:
        UserError: If no such run waits, its version was deleted, or a drift detection is running.
    """
    from zenml.client import Client

    from cli.console import make_console
    from cli.progress import show_progress
    from cli.resume import resume_run
    from cli.run_lock import run_lock, single_instance
    from cli.runner import summarize_run
    from cli.shortcuts import take_shortcuts
    from cli.summaries import print_summary
    from pipelines.shared.registry import load_pipeline
    from store.approvals import APPROVED, answer
    from store.versions import require_version

    take_shortcuts()
    progress = make_console(stderr=True)
    with (
        show_progress(progress, "approving …") as status,
        single_instance(PIPELINE, True),
        run_lock(Client().active_stack_model),
    ):
        approval = require_waiting(name)
        require_version(approval.version)
        if approval.waits:
            answer(approval, APPROVED)
        run = resume_run(approval, progress, status)
    print_summary(summarize_run(load_pipeline(PIPELINE), run, stack), console)


def reject_run(name: str) -> None:
    """Reject the version that a run holds, which ends the run.

    Args:
        name: The run's name.

    Raises:
        UserError: If no such run waits.
    """
    from store.approvals import REJECTED, answer

    approval = require_waiting(name)
    if not approval.waits:
        raise UserError(f"{name} was approved by {approval.who}: python run.py review --approve")
    answer(approval, REJECTED)
    print(f"rejected: version {approval.version} stays registered, and production stays as it is")


def require_waiting(name: str) -> "Approval":
    """Return the approval that a run waits for, or that has been given without resuming the run.

    Args:
        name: The run's name.

    Raises:
        UserError: If no such run waits; the message says how it was answered.
    """
    from store.approvals import approvals

    known = {approval.run: approval for approval in approvals()}
    open_runs = [run for run, approval in known.items() if approval.is_open]
    if name in known and name not in open_runs:
        raise UserError(f"{name} does not wait: {describe_answer(known[name])}")
    return known[require_choice("waiting run", name, open_runs)]


def describe_answer(approval: "Approval") -> str:
    """Describe how a request for an approval was answered.

    Args:
        approval: The request.

    Returns:
        Text such as "approved by ada (default in ZenML), 2026-11-25 20:00 UTC".
    """
    if approval.answer is None:
        return f"not answered by {approval.expires:%Y-%m-%d %H:%M} UTC, run {approval.run_status}"
    by = f" by {approval.who}" if approval.who else ""
    return f"{approval.answer}{by}, {approval.answered:%Y-%m-%d %H:%M} UTC"


def show_waiting(console: "Console") -> None:
    """Print the runs that wait.

    Args:
        console: Where to print.
    """
    from cli.summaries import print_rows
    from store.approvals import approvals

    waiting = [approval for approval in approvals() if approval.is_open]
    for approval in waiting:
        print_rows(approval_rows(approval), console)
    if not waiting:
        console.print("no version waits for an approval")


def approval_rows(approval: "Approval") -> dict[str, str]:
    """Describe a run that waits.

    Args:
        approval: Its approval.

    Returns:
        Texts with markup, by title.
    """
    from rich.markup import escape

    compared = approval.compared_with
    return {
        "run": f"{approval.run} [dim](since {approval.requested:%Y-%m-%d %H:%M} UTC)[/]",
        "version": f"{approval.version} [dim](compared with version {compared})[/]",
        "question": escape(approval.question),
        "state": f"[green]{escape(describe_answer(approval))}; not deployed yet[/]"
        if approval.can_resume
        else f"[yellow]waits until {approval.expires:%Y-%m-%d %H:%M} UTC[/]",
        "approve": f"[bold]python run.py review --approve {approval.run}[/]",
        "reject": f"[bold]python run.py review --reject {approval.run}[/]",
    }
