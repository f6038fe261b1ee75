"""Model deployer flavors of ZenML: how a model comes to an endpoint, and back."""

FLAVORS = {"seldon_local": "deployers.seldon_local.flavor.SeldonLocalFlavor"}
"""The flavors of this project, by name, for `stacks` to register."""
