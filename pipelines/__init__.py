"""Pipelines wire steps and do nothing else. Reading one tells its whole story."""
