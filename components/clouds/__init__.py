"""Clouds: one module each, with preflight checks, schedules and error messages."""
