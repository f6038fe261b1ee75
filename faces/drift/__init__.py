"""Data drift and performance drift between training faces and production windows.

`detectors` has one module per drift detector; `DriftDetector` is the default one. `monitoring`
assesses a window, `policy` decides what to do about it.
"""

from faces.drift.detectors.moments import DriftDetector
from faces.drift.result import DriftResult, DriftVerdict

__all__ = ["DriftDetector", "DriftResult", "DriftVerdict"]
