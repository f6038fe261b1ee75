"""The science: pure functions over arrays. Nothing here knows ZenML or MLflow."""

NAME = "face-recognizer"
"""The name under which models, their versions and the endpoint are kept everywhere."""
