"""Intervals on the command line: "10min", "2h", "50faces"."""

import re
from dataclasses import dataclass

from faces.errors import UserError

UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}
OFF = ("never", "off")
INTERVAL = re.compile(r"(?P<number>[1-9]\d*) ?(?P<unit>s|min|h|faces)")


@dataclass(frozen=True)
class Interval:
    """How often: every `seconds`, or after `faces` that the endpoint has answered."""

    seconds: float | None
    faces: int | None

    def __str__(self) -> str:
        if self.seconds is None:
            return f"{self.faces} faces"
        unit = next((u for u in ("h", "min") if self.seconds % UNITS[u] == 0), "s")
        return f"{self.seconds / UNITS[unit]:g} {unit}"


def parse_interval(text: str) -> Interval | None:
    """Read "10min" or "50faces"; "never" and "off" are None.

    Raises:
        UserError: If it is neither.
    """
    if text in OFF:
        return None
    match = INTERVAL.fullmatch(text.strip())
    if match is None:
        raise UserError(f"--every {text}: use 30s, 10min, 2h or 50faces")
    number, unit = int(match["number"]), match["unit"]
    return Interval(None, number) if unit == "faces" else Interval(number * UNITS[unit], None)
