"""Intervals as cron expressions."""

from faces.errors import UserError

HOUR_MINUTES, DAY_HOURS = 60, 24


def cron_expression(seconds: float) -> str:
    """Convert an interval to a cron expression.

    Args:
        seconds: The interval. Cron expressions exist for parts of an hour in whole minutes (such as
            10 minutes), parts of a day in whole hours, and one day.

    Returns:
        The expression, for example "*/10 * * * *".

    Raises:
        UserError: If no cron expression means this interval.
    """
    minutes, odd_seconds = divmod(int(seconds), 60)
    hours, odd_minutes = divmod(minutes, HOUR_MINUTES)
    if not odd_seconds and 0 < minutes < HOUR_MINUTES and HOUR_MINUTES % minutes == 0:
        return f"*/{minutes} * * * *"
    if not odd_seconds and not odd_minutes:
        if 0 < hours < DAY_HOURS and DAY_HOURS % hours == 0:
            return f"0 */{hours} * * *"
        if hours == DAY_HOURS:
            return "0 0 * * *"
    raise UserError(
        "--every: a schedule needs an interval that divides an hour or a day evenly: 10min, 2h, 24h"
    )
