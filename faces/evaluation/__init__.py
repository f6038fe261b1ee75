"""Evaluation: metrics, open-set recognition, invariance tests and the promotion gate."""
