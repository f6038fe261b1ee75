"""Short commands (`python run.py predict`, `python run.py captured`) and a check of docstrings."""
