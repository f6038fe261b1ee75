"""What ZenML holds of the people and images that have to be erased."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from zenml.client import Client
from zenml.enums import ModelStages, StackComponentType
from zenml.models import ArtifactVersionResponse

from faces.data.dataset import Faces, image_ids
from faces.data.window import Window
from store.erasure.register import PendingErasure
from store.monitors import MONITOR
from store.production import GATE, ROLLED_BACK
from store.versions import all_versions

PAGE_SIZE = 500

FIGURES = frozenset(
    {
        "alert", "approval_alert", "approval_request", "approved_labels", "approved_promotion",
        "audit_trail", "canary_alert", "canary_release", "deployment", "drift", "drift_decision",
        "erasure_plan", "erasure_receipt", "expiry_receipt", "feedback_verification",
        "largest_difference", "live_version", "metrics", "plan", "promotion", "reproduction",
        "rollout", "traffic", "trial", "version", "withdrawn", "withheld_labels",
    }
)  # fmt: skip
"""Artifacts without names and images, which stay: figures, decisions, and who made them."""

TEXTS = frozenset(
    {
        "approved_promotion", "audit_trail", "batch_result", "canary_release", "deployment",
        "promotion", "summary",
    }
)  # fmt: skip
"""Artifacts whose text may name a person, such as one whom a rejected model had lost."""

TABLE_OF_FACES = "recognised_faces"
"""Tables of batch inference: the name and the file of each face."""

FACES, WINDOW, LIVE, HISTORY = "faces", "window", "live_version", "history"

DATA = (FACES, "shard")
"""Data versions, and parts of them: a run may have failed before it had all parts."""

OF_MANY_RUNS = frozenset({HISTORY, MONITOR})
"""Artifacts with faces, or features of faces, of many runs. They can be made again."""


@dataclass
class Inventory:
    """What was found.

    Attributes:
        images: Content hashes of all images of the people, and of the requests.
        versions: Numbers of the model versions that learned from them.
        data_versions: Content hashes of the data versions that contain them.
        sources: Names of the data sources that these come from.
        runs: Ids of the pipeline runs that worked with them.
        evidence: The data versions and windows with them, by which all else was found.
        unreadable: Data versions and windows whose files an earlier run has deleted.
        artifacts: Everything else that these runs left, except for figures.
    """

    images: set[str] = field(default_factory=set)
    versions: set[int] = field(default_factory=set)
    data_versions: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    runs: set[UUID] = field(default_factory=set)
    evidence: list[ArtifactVersionResponse] = field(default_factory=list)
    unreadable: list[ArtifactVersionResponse] = field(default_factory=list)
    artifacts: list[ArtifactVersionResponse] = field(default_factory=list)


def take_inventory(pending: PendingErasure) -> Inventory:
    """Search data versions, windows, tables of faces, model versions, runs and their artifacts.

    The first three are searched by content. A run is concerned if it left one of them,
    or compared traffic with a version that learned from them; then everything that the run left is
    concerned, except for figures. Pages of the history and monitors have faces of many runs, so all
    of them are concerned, and so is everything whose text mentions a name.

    Args:
        pending: What has to be erased, and what earlier runs have found.

    Returns:
        What is there now.
    """
    found = Inventory(
        images=set(pending.images),
        versions=set(pending.versions),
        data_versions=set(pending.data_versions),
    )
    _search_data(found, pending)
    _search_windows(found, pending)
    _search_tables(found, pending)
    _search_versions(found, pending.people)
    for artifact in artifacts_named(LIVE):
        if artifact.producer_pipeline_run_id and artifact.load() in found.versions:
            found.runs.add(artifact.producer_pipeline_run_id)
    _search_artifacts(found, pending.people)
    return found


def known_people() -> set[str]:
    """Return the names in all data versions."""
    return {
        name
        for data in DATA
        for _, faces in _load_all(data, Inventory())
        for name in faces.identities
    }


def artifacts_named(name: str) -> Iterator[ArtifactVersionResponse]:
    """Yield all versions of an artifact in the active stack's artifact store.

    Files in other stores may be on other machines, so each stack has to erase its own.

    Args:
        name: The artifact's name; "" for all artifacts.
    """
    client, page = Client(), 1
    store = client.active_stack_model.components[StackComponentType.ARTIFACT_STORE][0].id
    while True:
        found = client.list_artifact_versions(
            artifact=name or None, sort_by="asc:created", page=page, size=PAGE_SIZE, hydrate=True
        )
        yield from (item for item in found.items if item.artifact_store_id == store)
        if page >= found.total_pages:
            return
        page += 1


def mentions(text: str, names: Collection[str]) -> bool:
    """Return whether a text contains a name, as a word.

    Args:
        text: The text.
        names: Names of people; those that are only numbers do not count, since texts are full of
            numbers.
    """
    words = (name for name in names if not name.isdigit())
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in words)


def _search_data(found: Inventory, pending: PendingErasure) -> None:
    faces: Faces
    for artifact, faces in chain.from_iterable(_load_all(name, found) for name in DATA):
        removed = pending.removal.find(faces)
        if removed.any():
            theirs = np.isin(faces.labels, list(pending.people))
            found.images.update(faces.ids[theirs].tolist())
            found.data_versions.add(faces.version)
            found.sources.add(faces.source)
            _add_evidence(found, artifact)


def _search_windows(found: Inventory, pending: PendingErasure) -> None:
    names = list(pending.people)
    window: Window
    for artifact, window in _load_all(WINDOW, found):
        named = np.isin(window.labels, names) | np.isin(window.predicted, names)
        if (named | np.isin(image_ids(window.images), list(found.images))).any():
            _add_evidence(found, artifact)


def _search_tables(found: Inventory, pending: PendingErasure) -> None:
    table: pd.DataFrame
    for artifact, table in _load_all(TABLE_OF_FACES, found):
        names = np.isin(table["name"].to_numpy(dtype=str), list(pending.people))
        requests = table["file"].str.split("/").str[0].isin(pending.requests)
        if names.any() or requests.any() or mentions(" ".join(table["file"]), pending.people):
            _add_evidence(found, artifact)


def _load_all(name: str, found: Inventory) -> Iterator[tuple[ArtifactVersionResponse, Any]]:
    """Yield all versions of an artifact with their contents, and note those without files."""
    for artifact in artifacts_named(name):
        try:
            content = artifact.load()
        except FileNotFoundError:
            found.unreadable.append(artifact)
        else:
            yield artifact, content


def _add_evidence(found: Inventory, artifact: ArtifactVersionResponse) -> None:
    found.evidence.append(artifact)
    if artifact.producer_pipeline_run_id:
        found.runs.add(artifact.producer_pipeline_run_id)


def _search_versions(found: Inventory, names: tuple[str, ...]) -> None:
    for version in all_versions():
        metadata = version.run_metadata
        texts = [metadata.get(GATE), metadata.get(ROLLED_BACK)]
        named = version.stage != ModelStages.PRODUCTION and mentions(repr(texts), names)
        if named or str(metadata.get("data_version")) in found.data_versions:
            found.versions.add(version.number)


def _search_artifacts(found: Inventory, names: tuple[str, ...]) -> None:
    evidence = {artifact.id for artifact in (*found.evidence, *found.unreadable)}
    for artifact in artifacts_named(""):
        concerned = artifact.producer_pipeline_run_id in found.runs and artifact.name not in FIGURES
        if artifact.id not in evidence and (
            concerned
            or artifact.name in OF_MANY_RUNS
            or (artifact.name in TEXTS and _mentions_name(artifact, names))
        ):
            found.artifacts.append(artifact)


def _mentions_name(artifact: ArtifactVersionResponse, names: tuple[str, ...]) -> bool:
    if mentions(repr(artifact.run_metadata), names):
        return True
    try:
        return mentions(repr(artifact.load()), names)
    except FileNotFoundError:
        return False
