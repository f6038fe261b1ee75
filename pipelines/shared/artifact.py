"""The type of what a step hands on while a pipeline is wired."""

from typing import Any, TypeAlias

Artifact: TypeAlias = Any
"""ZenML's placeholder for an artifact: the kind depends on whether the pipeline is dynamic."""
