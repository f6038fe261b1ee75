"""The audit trail as a file: CSV for spreadsheets, JSON Lines for programs."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from faces.errors import UserError
from faces.reports.timeline_records import AuditEvent


def to_csv(events: Sequence[AuditEvent]) -> str:
    """Write events as CSV with a header.

    Args:
        events: Oldest first.

    Returns:
        A line for each event, and one for the names of the columns.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(AuditEvent)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(event) for event in events)
    return text.getvalue()


def to_jsonl(events: Sequence[AuditEvent]) -> str:
    """Write events as JSON Lines.

    Args:
        events: Oldest first.

    Returns:
        A JSON object in each line.
    """
    return "".join(json.dumps(asdict(event), ensure_ascii=False) + "\n" for event in events)


FORMATS: Mapping[str, Callable[[Sequence[AuditEvent]], str]] = {".csv": to_csv, ".jsonl": to_jsonl}
"""Formats by the suffix of the file."""


def check_format(option: str, file: Path) -> None:
    """Check that the suffix of a file names a format.

    Args:
        option: The option that names the file, with dashes.
        file: The file.

    Raises:
        UserError: If it does not.
    """
    if file.suffix not in FORMATS:
        raise UserError(f"{option} {file}: the name ends with {' or '.join(FORMATS)}")
