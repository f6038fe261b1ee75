"""Recognisers: one module each, with a function `build`."""
