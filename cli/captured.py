"""Show or delete what the endpoint captured.

Examples:
  python run.py captured                            # the latest requests
  python run.py captured --csv requests.csv         # all of them, without pixels
  python run.py captured --forget-before 2026-11-01
  python run.py captured --forget-request ID
"""

from collections.abc import Sequence
from pathlib import Path

from cli import runtime_env
from cli.exit_codes import exit_code
from cli.subcommand import make_parser
from faces.dates import parse_moment
from faces.errors import UserError
from pipelines.shared.output_file import check_output_file


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line; show or delete.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`.
    """
    parser = make_parser("captured", __doc__)
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write all rows as CSV")
    parser.add_argument(
        "--forget-before",
        metavar="DATE",
        help="delete older requests: 2026-11-01 or 2026-11-01T12:30, in UTC",
    )
    parser.add_argument("--forget-request", metavar="ID", help="delete one request")
    args = parser.parse_args(arguments)
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    if args.forget_before or args.forget_request:
        return exit_code(lambda: delete_requests(args.forget_before, args.forget_request))
    return exit_code(lambda: show_requests(args.csv))


def delete_requests(before: str | None, request: str | None) -> None:
    """Delete captured requests, with their feedback.

    Args:
        before: Date or time in UTC, ISO 8601: older requests are deleted; None or "" for none.
        request: Id of a request to delete; None or "" for none.

    Raises:
        UserError: If the date is malformed, or no request has this id.
    """
    from components.deployers.base import active_deployer
    from serving.capture.reader import delete_captured

    moment = parse_moment("--forget-before", before).timestamp() if before else None
    places = active_deployer().captured()
    count = delete_captured(places, before=moment, request=request)
    if request and not count:
        raise UserError(f"--forget-request: no request {request} in {', '.join(places)}")
    print(f"deleted {count} captured requests")


def show_requests(csv: Path | None, limit: int = 20) -> None:
    """Print the latest captured faces, or write all of them to a file.

    Args:
        csv: The file to write; None prints.
        limit: Number of faces to print.

    Raises:
        UserError: If the stack has no deployer of this project, or the file cannot be written.
    """
    from components.deployers.base import active_deployer
    from faces.drift.captured_requests import read_captured_requests
    from serving.capture.reader import read_files

    if csv:
        check_output_file("--csv", csv)
    places = active_deployer().captured()
    captured = read_captured_requests(read_files(places))
    table = captured.table.drop(columns="probabilities")
    if csv:
        table.to_csv(csv, index=False)
    elif len(table):
        latest = table.tail(limit).fillna({"label": "", "sender": ""})
        for column in ("time", "label_time"):
            latest[column] = latest[column].dt.strftime("%Y-%m-%d %H:%M:%S").fillna("")
        print(latest.round(3).to_string(index=False))
    print(f"{len(table)} faces in {', '.join(places) or 'no location yet'}")
    if captured.damaged:
        print(f"skipped {captured.damaged} damaged records")
    if captured.unmatched_feedback:
        print(f"ignored {captured.unmatched_feedback} labels that match no captured request")
