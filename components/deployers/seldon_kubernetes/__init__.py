"""Seldon Core on Kubernetes: one SeldonDeployment, updated in place."""

from collections.abc import Iterator
from functools import partial

from components.checks import Check, Component, Packages
from components.deployers.backend import Backend


def _checks(component: Component) -> Iterator[Check]:
    from components.deployers.seldon_kubernetes.checks import check_cluster

    yield Check("cluster", partial(check_cluster, component.name))


BACKEND = Backend(
    flavor=f"{__name__}.flavor.SeldonKubernetesFlavor",
    packages=Packages(("kubernetes",), "make setup-gcp"),
    checks=_checks,
)
