"""A clock that a benchmark can set for the processes that it starts.

Python imports this module at the start of each process that has its folder in PYTHONPATH. The
variable STEPPED_CLOCK names a file with the seconds to add to the clock.
"""

import os
import time
from pathlib import Path
from typing import Any

STEPS = Path(os.environ["STEPPED_CLOCK"])
_time, _gmtime = time.time, time.gmtime


def _stepped_time() -> float:
    return _time() + float(STEPS.read_text())


def _stepped_gmtime(seconds: Any = None) -> time.struct_time:
    return _gmtime(_stepped_time() if seconds is None else seconds)


time.time, time.gmtime = _stepped_time, _stepped_gmtime
