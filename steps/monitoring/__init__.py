"""Steps that send traffic, detect drift and report it."""
