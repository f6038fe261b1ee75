"""Find captured requests of people and images, and remove them."""

from collections.abc import Collection, Sequence

import numpy as np

from faces.data.dataset import image_ids
from faces.drift.captured_requests import read_captured_requests
from faces.runtime.capture_format import FEEDBACK, PREDICTION, VERIFICATION, CapturedRecord
from serving.capture.reader import read_files
from serving.capture.removal import Predicate, remove_captured
from store.erasure.register import PendingErasure


def remove_requests(
    locations: Sequence[str], pending: PendingErasure, images: Collection[str]
) -> int:
    """Remove captured requests: by id, recognised or labelled as one of the people, or by image.

    Requests that only verified a deployment are all removed: they are held-out faces of anybody.

    Args:
        locations: Folders or URIs of capture files.
        pending: What has to be erased.
        images: Content hashes of all images of the people and requests.

    Returns:
        The number of requests.
    """
    return remove_captured(locations, _matcher(locations, pending, images), pending.people)


def requested_images(locations: Sequence[str], request: str) -> list[str]:
    """Return the content hashes of a captured request's images.

    Args:
        locations: Folders or URIs of capture files.
        request: The request's id.

    Returns:
        The hashes; none if no such request is captured.
    """
    captured = read_captured_requests(read_files(locations))
    rows = np.flatnonzero(captured.table["request"] == request)
    ids: list[str] = image_ids(captured.pixels[rows]).tolist()
    return ids


def labelled_people(locations: Sequence[str]) -> set[str]:
    """Return the names that feedback gave.

    Args:
        locations: Folders or URIs of capture files.
    """
    table = read_captured_requests(read_files(locations)).table
    return set(table["label"].dropna())


def _matcher(
    locations: Sequence[str], pending: PendingErasure, images: Collection[str]
) -> Predicate:
    people = set(pending.people)
    captured = read_captured_requests(read_files(locations))
    table = captured.table
    named = table["predicted"].isin(people) | table["label"].isin(people)
    shown = np.isin(image_ids(captured.pixels), list(images))
    shadows = captured.shadows.items()
    answered = {request for request, (_, names) in shadows if people.intersection(names)}
    requests = {*pending.requests, *table["request"][named | shown], *answered}

    def matches(record: CapturedRecord) -> bool:
        identifier = str(record.head["id"])
        if identifier in requests or identifier.startswith(VERIFICATION):
            return True
        if record.kind == FEEDBACK:
            return bool(people.intersection(record.head["labels"]))
        shows_face = record.kind == PREDICTION
        return shows_face and not set(images).isdisjoint(image_ids(record.pixels).tolist())

    return matches
