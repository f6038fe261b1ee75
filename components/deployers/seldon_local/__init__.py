"""Seldon Core's REST wrapper as a process on this machine."""
