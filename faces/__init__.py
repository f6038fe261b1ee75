"""The science: pure functions over arrays. Nothing here knows ZenML or MLflow."""
