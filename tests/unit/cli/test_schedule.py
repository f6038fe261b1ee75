import pytest

from cli.watch import parse_interval
from faces.errors import UserError


@pytest.mark.parametrize(
    ("every", "cron"),
    [
        ("10min", "*/10 * * * *"),
        ("60min", "0 */1 * * *"),
        ("2h", "0 */2 * * *"),
        ("24h", "0 0 * * *"),
    ],
)
def test_what_a_calendar_can_say(every: str, cron: str) -> None:
    from cli.schedule import as_cron

    parsed = parse_interval(every)
    assert parsed is not None
    assert as_cron(parsed) == cron


@pytest.mark.parametrize("every", ["7min", "90min", "5h", "30s", "50faces", "48h"])
def test_what_it_cannot_is_refused_with_what_it_can(every: str) -> None:
    from cli.schedule import as_cron

    parsed = parse_interval(every)
    assert parsed is not None
    with pytest.raises(UserError, match="10min, 2h"):
        as_cron(parsed)


def test_never_is_no_time() -> None:
    assert parse_interval("never") is None
