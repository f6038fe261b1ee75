"""How a service's traffic is split between its revisions. Pure functions over its resource."""

from collections.abc import Iterable

from components.deployers.cloud_run.revision import Resource, short_name

LIVE, CANARY, NEXT = "live", "canary", "next"
"""Tags. The version in production has `LIVE`, also if a canary answers part of the requests; a
revision that is tried out has `NEXT`, and its own address for it."""

REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"


def target(revision: str, percent: int, tag: str = "") -> Resource:
    """Return a share of the traffic.

    Args:
        revision: The revision's name without its parents.
        percent: Its share; 0 for an address only.
        tag: Its tag; "" for none.
    """
    return {"type_": REVISION, "revision": revision, "percent": percent, "tag": tag}


def live_revision(service: Resource) -> str | None:
    """Return the revision with the version in production, None before the first deployment.

    Args:
        service: The service as read.
    """
    return next((t["revision"] for t in service["traffic"] if t.get("tag") == LIVE), None)


def pinned(service: Resource) -> list[Resource]:
    """Return the present traffic, so that a new revision receives none.

    Args:
        service: The service as read. Before the first deployment, its traffic follows the latest
            revision.
    """
    shares = [t for t in service["traffic"] if t.get("percent")]
    if shares and all(t.get("revision") for t in shares):
        return [target(t["revision"], t["percent"], t.get("tag", "")) for t in shares]
    latest = service.get("latest_ready_revision")
    return [target(short_name(latest), 100)] if latest else list(service["traffic"])


def address_of(service: Resource, tag: str) -> str:
    """Return the address of a tag, "" if it has none yet.

    Args:
        service: The service as read.
        tag: The tag.
    """
    found = (t.get("uri", "") for t in service["traffic_statuses"] if t.get("tag") == tag)
    return next(found, "")


def same(one: Iterable[Resource], other: Iterable[Resource]) -> bool:
    """Return whether two splits of the traffic are the same, in any order.

    Args:
        one: A list of shares.
        other: Another one.
    """

    def key(share: Resource) -> tuple[str, int, str]:
        return share.get("revision", ""), share.get("percent", 0), share.get("tag", "")

    return sorted(map(key, one)) == sorted(map(key, other))
