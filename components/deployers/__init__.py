"""Model deployer flavors of ZenML: each serves a model at an endpoint."""

from collections.abc import Iterator, Sequence
from functools import partial

from components.checks import Check, Component, Packages

FLAVORS = {
    "seldon_local": "components.deployers.seldon_local.flavor.SeldonLocalFlavor",
    "seldon_kubernetes": "components.deployers.seldon_kubernetes.flavor.SeldonKubernetesFlavor",
}
"""Import path of each flavor's class, by name."""


def packages() -> dict[str, Packages]:
    """Return what the flavors need to be imported, by flavor."""
    return {"seldon_kubernetes": Packages(("kubernetes", "gcsfs"), "make setup-gcp")}


def checks_for(components: Sequence[Component]) -> Iterator[Check]:
    """List the checks of a stack's model deployer."""
    from components.deployers.seldon_kubernetes.checks import check_cluster

    for component in components:
        if component.flavor == "seldon_kubernetes":
            yield Check("cluster", partial(check_cluster, component.name))
