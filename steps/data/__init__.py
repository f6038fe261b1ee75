"""Steps that load, split and extend the data."""
