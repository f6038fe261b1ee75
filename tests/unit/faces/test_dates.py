from datetime import UTC, datetime

import pytest

from faces.dates import parse_moment
from faces.errors import UserError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-25T12:30", datetime(2026, 11, 25, 12, 30, tzinfo=UTC)),
        ("2026-11-25T12:30Z", datetime(2026, 11, 25, 12, 30, tzinfo=UTC)),
        ("2026-11-25T12:30+02:00", datetime(2026, 11, 25, 10, 30, tzinfo=UTC)),
    ],
)
def test_moments_are_in_utc_unless_they_name_an_offset(text: str, expected: datetime) -> None:
    moment = parse_moment("--before", text)
    assert moment == expected
    assert moment.tzinfo is UTC


def test_the_error_for_a_malformed_date_shows_what_is_expected() -> None:
    with pytest.raises(UserError, match=r"^--before: Invalid isoformat.*expected 2026-11-01"):
        parse_moment("--before", "yesterday")
