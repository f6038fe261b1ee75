"""Steps that register a version and decide whether it is promoted."""
