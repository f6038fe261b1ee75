"""Data drift and performance drift between training faces and production windows.

`detectors` has one module per drift detector. `monitoring` assesses a window, `policy` decides what
to do about it.
"""

from faces.drift.result import DriftResult, DriftVerdict

__all__ = ["DriftResult", "DriftVerdict"]
