"""Move the traffic to revisions that are ready and answer, and back if they do not."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from components.deployers.cloud_run.api import CloudRun
from components.deployers.cloud_run.revision import (
    CONTENT,
    Resource,
    read_content,
    short_name,
    with_new_name,
)
from components.deployers.cloud_run.traffic import (
    LIVE,
    NEXT,
    address_of,
    live_revision,
    pinned,
    same,
    target,
)
from components.deployers.common import health
from faces.errors import OperationError

POLL_SECONDS = 1.0
PERSISTENT_SECONDS = 10.0
"""Seconds that a failure must last."""

SWITCH_TIMEOUT_SECONDS = 60.0
CONSECUTIVE = 4
"""Responses in a row that must come from the expected versions."""

AUTOMATIC: Resource = {"scaling_mode": "AUTOMATIC"}
STOPPED: Resource = {"scaling_mode": "MANUAL", "manual_instance_count": 0}

log = logging.getLogger("progress")


@dataclass(frozen=True)
class Share:
    """A revision and its share of the requests.

    Attributes:
        template: Its template from `revision.make_template`.
        percent: Its share.
        tag: `LIVE` or `CANARY`.
    """

    template: Resource
    percent: int
    tag: str


def roll_out(
    api: CloudRun, shares: Sequence[Share], headers: Mapping[str, str], timeout_seconds: float
) -> None:
    """Serve revisions in place of the present ones.

    Each is created without traffic, unless there is one with the same content, and must be ready
    and answer at a separate address before the traffic moves. So the present ones answer until
    the new ones do.

    Args:
        api: The service.
        shares: The revisions and their shares; the first is live.
        headers: HTTP headers that clients must send.
        timeout_seconds: Seconds that each revision may take to become ready.

    Raises:
        OperationError: If a revision does not become ready or others answer; it says why, and how
            moving back to the previous traffic ended.
    """
    before = api.find()
    version = read_content(shares[0].template).model.version
    try:
        names = [_ensure_revision(api, share.template, timeout_seconds) for share in shares]
        for name, share in zip(names, shares, strict=True):
            _try_out(api, name, share.template, headers)
        traffic = [target(n, s.percent, s.tag) for n, s in zip(names, shares, strict=True)]
        _move(api, traffic, live_revision(before))
        versions = {read_content(share.template).model.version for share in shares}
        _await_responses(lambda: str(before["uri"]), headers, versions, {})
    except OperationError as error:
        outcome = _move_back(api, before)
        raise OperationError(f"version {version}: {error}; {outcome}") from error


def _ensure_revision(api: CloudRun, template: Resource, timeout_seconds: float) -> str:
    """Return a ready revision with this content; create it without traffic if there is none."""
    for revision in api.revisions():
        same_content = revision["labels"].get(CONTENT) == template["labels"][CONTENT]
        if same_content and condition(revision)["state"] == "CONDITION_SUCCEEDED":
            return short_name(revision["name"])
    service = api.find()
    named = with_new_name(template, api.config.service)
    api.update(service, template=named, traffic=pinned(service), scaling=AUTOMATIC)
    name: str = named["revision"]
    _await_ready(api, name, timeout_seconds)
    return name


def _await_ready(api: CloudRun, name: str, timeout_seconds: float) -> None:
    start, first_failure, message = time.monotonic(), None, "not known"
    while True:
        failed = False
        with suppress(OperationError):  # asked again until the time is over
            ready = condition(api.revision(name))
            if ready["state"] == "CONDITION_SUCCEEDED":
                return
            failed = ready["state"] == "CONDITION_FAILED"
            message = ready.get("message") or ready["state"]
        now = time.monotonic()
        first_failure = (now if first_failure is None else first_failure) if failed else None
        if first_failure is not None and now - first_failure >= PERSISTENT_SECONDS:
            raise OperationError(f"revision {name} cannot start: {message}")
        if now - start > timeout_seconds:
            raise OperationError(
                f"revision {name} is not ready after {timeout_seconds:.0f} s: {message}"
            )
        log.info(f"rolling out: revision {name} starts …")
        time.sleep(POLL_SECONDS)


def _try_out(api: CloudRun, name: str, template: Resource, headers: Mapping[str, str]) -> None:
    """Let a revision answer at its own address, without a share of the traffic."""
    service = api.find()
    api.update(service, traffic=[*pinned(service), target(name, 0, NEXT)], scaling=AUTOMATIC)

    def address() -> str:
        with suppress(OperationError):
            return address_of(api.find(), NEXT)
        return ""

    content = read_content(template)
    beside = {"candidate_version": content.candidate.version} if content.candidate else {}
    _await_responses(address, headers, {content.model.version}, beside)


def _move(api: CloudRun, traffic: list[Resource], previous: str | None) -> None:
    service = api.find()
    if live_revision(service) != previous:
        raise OperationError("another deployment is in progress: check what is deployed")
    api.update(service, traffic=traffic)


def _move_back(api: CloudRun, before: Resource) -> str:
    """Return to the previous traffic, unless someone else has changed it meanwhile.

    Returns:
        The outcome, as the end of a sentence.
    """
    traffic = pinned(before)
    try:
        service = api.find()
        if not same(service["traffic"], traffic):
            api.update(service, traffic=traffic)
        previous = live_revision(before)
        if previous is None:
            return "it was not deployed"
        return f"version {read_content(api.revision(previous)).model.version} stays live"
    except OperationError as error:
        return f"and moving the traffic back failed: {error}"


def _await_responses(
    address: Callable[[], str],
    headers: Mapping[str, str],
    versions: set[str],
    expected: Mapping[str, str],
) -> None:
    """Wait until several consecutive responses come from `versions`, with `expected` tags."""
    deadline = time.monotonic() + SWITCH_TIMEOUT_SECONDS
    count, url = 0, ""
    while count < CONSECUTIVE:
        url = url or address()
        tags = health(url, headers) if url else {}
        fits = tags.get("model_version") in versions and expected.items() <= tags.items()
        count = count + 1 if fits else 0
        if count == 0:
            if time.monotonic() > deadline:
                responder = f"version {tags['model_version']}" if tags else "nothing"
                raise OperationError(f"it is ready, but {responder} responds at {url or 'its tag'}")
            time.sleep(POLL_SECONDS)


def condition(revision: Resource) -> Resource:
    """Return whether a revision is ready, as its condition `Ready` says.

    Args:
        revision: A revision as read.
    """
    unknown: Resource = {"state": "CONDITION_PENDING", "message": ""}
    return next((c for c in revision["conditions"] if c.get("type_") == "Ready"), unknown)


def live_share(template: Resource) -> list[Share]:
    """Return the shares of a single revision.

    Args:
        template: Its template.
    """
    return [Share(template, 100, LIVE)]
