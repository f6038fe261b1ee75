import pytest

from components.clouds.cron import cron_expression
from faces.errors import UserError

MINUTE, HOUR = 60.0, 3600.0


@pytest.mark.parametrize(
    ("seconds", "cron"),
    [
        (MINUTE, "*/1 * * * *"),
        (10 * MINUTE, "*/10 * * * *"),
        (60 * MINUTE, "0 */1 * * *"),
        (2 * HOUR, "0 */2 * * *"),
        (24 * HOUR, "0 0 * * *"),
    ],
)
def test_divisors_of_an_hour_or_a_day_have_a_cron_expression(seconds: float, cron: str) -> None:
    assert cron_expression(seconds) == cron


@pytest.mark.parametrize("seconds", [7 * MINUTE, 90 * MINUTE, 5 * HOUR, 30.0, 90.0, 48 * HOUR])
def test_other_intervals_are_rejected_with_examples(seconds: float) -> None:
    with pytest.raises(UserError, match="10min, 2h"):
        cron_expression(seconds)
