"""Drift: faces come that the model was not trained for, or it names them less well.

One file a detector. `DriftDetector` decides; the others say where the drift is and what it costs.
"""

from faces.drift.detector import DriftDetector
from faces.drift.result import DriftResult, DriftVerdict

__all__ = ["DriftDetector", "DriftResult", "DriftVerdict"]
