"""The register of erasures: what still has to be erased, and who must not be enrolled again.

It is a secret in ZenML, so that steps on other machines can read it. Names are in it only until
their erasure is finished. Then a keyed hash of each name remains, by which later runs recognise
people whom a data source still contains.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TypeVar

from pydantic import TypeAdapter
from zenml.client import Client

from faces.data.removal import Removal

SECRET = "faces-erasures"
KEY, ERASED, PENDING = "key", "erased", "pending"
NOTHING = "{}"

T = TypeVar("T")


@dataclass(frozen=True)
class PendingErasure:
    """What has to be erased. It is false if that is nothing.

    Attributes:
        people: Names of people.
        requests: Ids of captured requests.
        images: Content hashes of the images in these requests.
        versions: Numbers of model versions that were found to have learned from them.
        data_versions: Content hashes of data versions that were found to contain them.
        removed: How much was found to remove, by place.
        erased: Keyed hashes of names, and ids of requests, of which everything was deleted: only
            freed pages of ZenML's database are left.
    """

    people: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    versions: tuple[int, ...] = ()
    data_versions: tuple[str, ...] = ()
    removed: Mapping[str, int] = field(default_factory=dict)
    erased: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.people or self.requests or self.erased)

    @property
    def removal(self) -> Removal:
        """What to remove from data versions."""
        return Removal(frozenset(self.people), frozenset(self.images))


def pending_erasure() -> PendingErasure:
    """Return what has to be erased."""
    return TypeAdapter(PendingErasure).validate_json(_read().get(PENDING, NOTHING))


def request_erasure(
    people: Iterable[str] = (), requests: Iterable[str] = (), images: Iterable[str] = ()
) -> None:
    """Record what has to be erased. From now on, the people are not enrolled again.

    Args:
        people: Names of people.
        requests: Ids of captured requests.
        images: Content hashes of the images in these requests.
    """
    present = pending_erasure()
    updated = replace(
        present,
        people=_union(present.people, people),
        requests=_union(present.requests, requests),
        images=_union(present.images, images),
    )
    values = _read()
    key = values.get(KEY) or secrets.token_hex(32)
    digests = {*json.loads(values.get(ERASED, "[]")), *(_digest(key, n) for n in updated.people)}
    _write(
        {
            KEY: key,
            ERASED: json.dumps(sorted(digests)),
            PENDING: json.dumps(asdict(updated)),
        }
    )


def record_found(
    versions: Iterable[int], data_versions: Iterable[str], removed: Mapping[str, int]
) -> PendingErasure:
    """Record what an erasure concerns, before anything is deleted.

    Args:
        versions: Numbers of model versions.
        data_versions: Content hashes of data versions.
        removed: How much there is to remove, by place.

    Returns:
        What this run and those that were killed have found. Of two numbers for the same place, the
        larger one counts, since a killed run may have removed a part.
    """
    present = pending_erasure()
    updated = replace(
        present,
        versions=_union(present.versions, versions),
        data_versions=_union(present.data_versions, data_versions),
        removed={
            place: max(present.removed.get(place, 0), removed.get(place, 0))
            for place in {**present.removed, **removed}
        },
    )
    _write({PENDING: json.dumps(asdict(updated))})
    return updated


def drop_names() -> PendingErasure:
    """Remove the names from the register: everything but freed pages was erased.

    Returns:
        What is left, with hashes in place of names.
    """
    present = pending_erasure()
    hashes = [subject_hash(name) for name in present.people]
    updated = PendingErasure(
        versions=present.versions,
        removed=present.removed,
        erased=_union(present.erased, [*hashes, *present.requests]),
    )
    _write({PENDING: json.dumps(asdict(updated))})
    return updated


def finish_erasure() -> None:
    """Record that nothing is pending."""
    if _read():
        _write({PENDING: NOTHING})


def erased_people(names: Iterable[str]) -> frozenset[str]:
    """Return which of some people were erased, or are about to be.

    Args:
        names: Names of people.
    """
    values = _read()
    digests = set(json.loads(values.get(ERASED, "[]")))
    return frozenset(name for name in names if digests and _digest(values[KEY], name) in digests)


def subject_hash(name: str) -> str:
    """Return the keyed hash by which a receipt refers to a person.

    Args:
        name: Somebody whose erasure was requested.
    """
    return _digest(_read()[KEY], name)


def _digest(key: str, name: str) -> str:
    return hmac.new(bytes.fromhex(key), name.encode(), hashlib.sha256).hexdigest()[:32]


def _union(present: Iterable[T], added: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys([*present, *added]))


def _read() -> dict[str, str]:
    try:
        return Client().get_secret(SECRET, allow_partial_name_match=False).secret_values
    except KeyError:
        return {}


def _write(values: dict[str, str]) -> None:
    client = Client()
    if _read():
        client.update_secret(SECRET, add_or_update_values=values)
    else:
        client.create_secret(SECRET, values)
