"""Stacks in ZenML's YAML format, and the code that registers and checks them."""
