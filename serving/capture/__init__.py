"""Captured requests: write, read, delete, upload and expire capture files."""
