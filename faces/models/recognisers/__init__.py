"""Recognisers: one module each, with a function `build`.

Every parameter of `build` has a default and is annotated with its meaning.
"""
