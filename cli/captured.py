"""Look at what the endpoint captured, or delete it.

python -m cli.captured                        # the latest requests
python -m cli.captured --csv requests.csv     # all of them, without pixels
python -m cli.captured --forget-before 2026-11-01
python -m cli.captured --forget-request ID
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from cli import runtime_env
from cli.exit_codes import exit_code
from faces.errors import UserError


def main() -> int:
    """Show or delete."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the whole table")
    parser.add_argument("--forget-before", metavar="DATE", help="2026-11-01, or …T12:30, in UTC")
    parser.add_argument("--forget-request", metavar="ID", help="delete one request")
    given = parser.parse_args()
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    if given.forget_before or given.forget_request:
        return exit_code(
            lambda: delete_captured_requests(given.forget_before, given.forget_request)
        )
    return exit_code(lambda: show_captured(given.csv))


def delete_captured_requests(before: str | None, request: str | None) -> None:
    """Delete what was captured before a date, and for a request id."""
    from components.deployers.base import active_deployer
    from serving.capture.reader import delete_captured

    moment = None
    if before:
        try:
            moment = datetime.fromisoformat(before).replace(tzinfo=UTC).timestamp()
        except ValueError as error:
            raise UserError(f"--forget-before: {error}") from error
    gone = delete_captured(active_deployer().captured(), before=moment, request=request)
    print(f"{gone} captured requests are deleted")


def show_captured(csv: Path | None, most: int = 20) -> None:
    """Print the latest captured faces, or write all of them to a file."""
    from components.deployers.base import active_deployer
    from faces.drift.captured_requests import read_captured_requests
    from serving.capture.reader import read_files

    places = active_deployer().captured()
    captured = read_captured_requests(read_files(places))
    table = captured.table.drop(columns="probabilities")
    if csv:
        table.to_csv(csv, index=False)
    elif len(table):
        latest = table.tail(most).fillna({"label": ""})
        latest["time"] = latest["time"].dt.strftime("%Y-%m-%d %H:%M:%S")
        print(latest.round(3).to_string(index=False))
    print(f"{len(table)} faces in {', '.join(places) or 'no place yet'}")
    if captured.damaged:
        print(f"{captured.damaged} damaged records were passed over")


if __name__ == "__main__":
    sys.exit(main())
