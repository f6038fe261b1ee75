"""Read dates that people type."""

from datetime import UTC, datetime

from faces.errors import UserError


def parse_moment(option: str, text: str) -> datetime:
    """Parse a date or a moment.

    Args:
        option: The option that it was given with, for the error.
        text: ISO 8601, such as 2026-11-01, 2026-11-01T12:30 (UTC) or 2026-11-01T12:30+02:00.

    Returns:
        The moment; the start of the day in UTC for a date.

    Raises:
        UserError: If it is malformed.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(
            f"{option}: {error}; expected 2026-11-01, 2026-11-01T12:30 (UTC) or "
            "2026-11-01T12:30+02:00"
        ) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
