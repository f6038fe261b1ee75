"""Steps that fit, search and export models."""
