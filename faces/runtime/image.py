"""The size of a face image, in pixels."""

IMAGE_SIDE = 64
PIXELS = IMAGE_SIDE * IMAGE_SIDE
