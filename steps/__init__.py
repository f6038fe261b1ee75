"""Thin ZenML steps: each reads its inputs, calls `faces`, names its outputs."""
