"""Model deployer flavors of ZenML: how a model comes to an endpoint, and back."""

FLAVORS = {
    "seldon_local": "components.deployers.seldon_local.flavor.SeldonLocalFlavor",
    "seldon_kubernetes": "components.deployers.seldon_kubernetes.flavor.SeldonKubernetesFlavor",
}
"""The flavors of this project, by name, for `stacks` to register."""
