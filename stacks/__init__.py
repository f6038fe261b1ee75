"""Stacks in ZenML's own YAML, and what brings them into ZenML."""
