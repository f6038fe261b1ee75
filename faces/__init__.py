"""Domain code: data, models, evaluation, drift, reports. No ZenML, no MLflow."""

NAME = "face-recognizer"
"""Name of the registered model and of its endpoint."""
