"""Erasure of people and of single requests: what was asked for, and what it concerns in ZenML."""
