"""Short commands: the same as `python run.py predict` and `python run.py captured`."""
