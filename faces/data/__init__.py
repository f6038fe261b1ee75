"""Faces and their conditions: sources, splits, augmentation, feedback and traffic."""
