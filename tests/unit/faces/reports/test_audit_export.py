import csv
import io
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from faces.errors import UserError
from faces.reports.audit_export import check_format, to_csv, to_jsonl
from faces.reports.timeline_records import AuditEvent

EVENTS = [
    AuditEvent("2026-11-25T20:00:00+00:00", "ada", "deployed", "version 2", 'why, "quoted"'),
    AuditEvent("2026-11-25T21:00:00+00:00", "élan", "labelled", "3 faces", "", "drift-1"),
]


def test_both_formats_hold_all_fields_of_all_events() -> None:
    expected = [asdict(event) for event in EVENTS]
    assert list(csv.DictReader(io.StringIO(to_csv(EVENTS)))) == expected
    assert [json.loads(line) for line in to_jsonl(EVENTS).splitlines()] == expected


def test_without_events_a_csv_has_its_header() -> None:
    assert to_csv([]) == "when,who,action,subject,details,run\n"
    assert to_jsonl([]) == ""


def test_the_suffix_decides_the_format() -> None:
    check_format("--export", Path("audit.csv"))
    with pytest.raises(UserError, match=r"--export audit\.xls: the name ends with \.csv or"):
        check_format("--export", Path("audit.xls"))
