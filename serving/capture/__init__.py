"""Captured requests: write, read, delete, upload and expire."""
