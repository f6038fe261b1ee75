"""Custom alerter flavors of ZenML: a log file, or a webhook."""

from collections.abc import Iterator, Sequence
from functools import partial

from components.alerters.checks import check_webhook
from components.checks import Check, CheckFailed, Component

FLAVORS = {
    "log": "components.alerters.log.LogFlavor",
    "webhook": "components.alerters.webhook.WebhookFlavor",
}
"""Import path of each flavor's class, by name."""

ALERTER = "alerter"


def checks_for(components: Sequence[Component]) -> Iterator[Check]:
    """List the checks of a stack's alerter.

    Args:
        components: All components of a stack, with placeholders filled in.

    Yields:
        Checks that have not run yet.
    """
    found = [component for component in components if component.type == ALERTER]
    if not found:
        yield Check(ALERTER, _no_alerter)
    for component in found:
        if component.flavor == "webhook":
            yield Check(ALERTER, partial(check_webhook, component.configuration.get("url")))


def _no_alerter() -> str:
    raise CheckFailed(
        "none: nobody is alerted about drift or failed runs",
        f"add an alerter ({' or '.join(FLAVORS)}) to the stack's YAML: docs/drift.md#alerts",
    )
