"""Whether the clock can be trusted to decide what has expired.

A clock that is set forward by mistake makes everything look expired. After a jump, nothing is
deleted for a day, which leaves time to correct it.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from serving.settings import atomic_write

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
STEP_SECONDS = 300
"""Clocks are adjusted by less than this."""

LONGEST_SHUTDOWN_SECONDS = 7 * 86_400
"""A longer time between two runs, with a restart of the machine between them, counts as a jump."""

DISTRUST_SECONDS = 86_400


@dataclass(frozen=True)
class ClockState:
    """What is remembered of the clock, in seconds.

    Attributes:
        boot: Identifies the run of the machine's operating system.
        wall: The time since 1970.
        monotonic: The time on the clock that nobody sets; comparable within one `boot`.
        trusted_from: From this time on, the clock can be trusted unless it jumps.
    """

    boot: str
    wall: float
    monotonic: float
    trusted_from: float


def is_trusted(folder: Path) -> bool:
    """Compare the clock with what was remembered, and remember it.

    Args:
        folder: The server's folder.

    Returns:
        Whether it has not jumped within the last day.
    """
    file = folder / "clock.json"
    boot = BOOT_ID.read_text().strip() if BOOT_ID.exists() else ""
    wall, monotonic = time.time(), time.monotonic()
    try:
        last = ClockState(**json.loads(file.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        last = ClockState(boot, wall, monotonic, wall)
    trusted_from = last.trusted_from
    if _has_jumped(last, ClockState(boot, wall, monotonic, 0)):
        trusted_from = wall + DISTRUST_SECONDS
    atomic_write(file, json.dumps(asdict(ClockState(boot, wall, monotonic, trusted_from))).encode())
    return wall >= trusted_from


def _has_jumped(last: ClockState, now: ClockState) -> bool:
    elapsed = now.wall - last.wall
    if last.boot == now.boot and now.monotonic >= last.monotonic:
        return abs(elapsed - (now.monotonic - last.monotonic)) > STEP_SECONDS
    return not -STEP_SECONDS < elapsed < LONGEST_SHUTDOWN_SECONDS
