"""Intervals on the command line: "10min", "2h", "50faces"."""

import re
from dataclasses import dataclass

from faces.errors import UserError

SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
SPELLINGS = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "min": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
    "faces": ("faces", "face"),
}
UNITS = {spelling: unit for unit, spellings in SPELLINGS.items() for spelling in spellings}
OFF = ("never", "off")
INTERVAL = re.compile(r"(?P<number>\d+(\.\d+)?) *(?P<unit>[a-z]+)")
FORMS = "90s, 10min, 2h, 1d or 50faces, and never to delete a schedule"


@dataclass(frozen=True)
class Interval:
    """How often: every `seconds`, or after `faces` that the endpoint has answered."""

    seconds: float | None
    faces: int | None

    def __str__(self) -> str:
        if self.seconds is None:
            return f"{self.faces} faces"
        unit = next((u for u in ("d", "h", "min") if self.seconds % SECONDS[u] == 0), "s")
        return f"{self.seconds / SECONDS[unit]:g} {unit}"


def parse_interval(text: str) -> Interval | None:
    """Read an interval such as "10min", "10m", "1.5 hours" or "50faces".

    Args:
        text: The interval, in any case, with or without a space before the unit.

    Returns:
        The interval; None for "never" and "off".

    Raises:
        UserError: If it is neither; the message lists the accepted forms.
    """
    lowered = text.strip().lower()
    if lowered in OFF:
        return None
    match = INTERVAL.fullmatch(lowered)
    number, unit = (float(match["number"]), UNITS.get(match["unit"])) if match else (0.0, None)
    if unit is None or number <= 0 or (unit == "faces" and not number.is_integer()):
        raise UserError(f"--every {text}: use {FORMS}")
    if unit == "faces":
        return Interval(None, int(number))
    return Interval(number * SECONDS[unit], None)
