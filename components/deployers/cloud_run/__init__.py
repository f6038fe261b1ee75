"""Cloud Run: one service, whose revisions share the traffic."""

from collections.abc import Iterator
from functools import partial

from components.checks import Check, Component, Packages
from components.deployers.backend import Backend


def _checks(component: Component) -> Iterator[Check]:
    from components.deployers.cloud_run.checks import check_service

    yield Check("Cloud Run", partial(check_service, component.configuration))


BACKEND = Backend(
    flavor=f"{__name__}.flavor.CloudRunFlavor",
    packages=Packages(("google.cloud.run_v2", "gcsfs"), "make setup-gcp"),
    checks=_checks,
)
