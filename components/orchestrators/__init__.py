"""Custom orchestrator flavors of ZenML."""

FLAVORS = {"vertex_jobs": "components.orchestrators.vertex_flavor.VertexJobsFlavor"}
"""Import path of each flavor's class, by name."""
