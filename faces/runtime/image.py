"""Size of a face image."""

IMAGE_SIDE = 64
"""Height and width in pixels."""

PIXELS = IMAGE_SIDE * IMAGE_SIDE
"""Pixels per image."""
