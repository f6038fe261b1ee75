"""ZenML steps, one per file: load the inputs, call `faces`, return named outputs."""
