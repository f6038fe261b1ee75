"""Recognise the faces of many pictures, and keep what is finished."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import islice
from typing import Protocol

import numpy as np
import pandas as pd

from faces.data.picture_files import Located
from faces.runtime.portable import UNKNOWN, PortableModel

NO_FACE = "no face was found"
PICTURES_AT_A_TIME = 8
"""Pictures that are read together: each may take some ten megabytes."""

KEEP_EVERY_SECONDS = 10.0
"""What a killed run can lose."""


@dataclass(frozen=True)
class RecognisedFace:
    """A face in a picture, as a row of the table.

    Attributes:
        file: The picture.
        x: Centre of the face in pixels of the upright picture.
        y: Centre of the face.
        side: Side of the square that was recognised.
        tilt: Its rotation in degrees, clockwise.
        name: The person, or "unknown".
        score: Similarity to the most probable person.
        confidence: Probability of the most probable person.
    """

    file: str
    x: float
    y: float
    side: float
    tilt: float
    name: str
    score: float
    confidence: float


@dataclass(frozen=True)
class PictureResult:
    """What was recognised in a picture.

    Attributes:
        fingerprint: A text that changes when the picture does.
        faces: Its faces, the largest first.
        skipped: Why it has none; "" if it has.
    """

    fingerprint: str
    faces: tuple[RecognisedFace, ...]
    skipped: str = ""


class Pictures(Protocol):
    """Where pictures come from.

    Attributes:
        pictures: Their names in order, and a text for each that changes when the picture does.
    """

    pictures: Mapping[str, str]

    def locate(self, names: Sequence[str]) -> Located:
        """Find the faces of pictures.

        Args:
            names: Names of pictures.

        Returns:
            The faces of each picture, or why it is skipped.
        """
        ...


def recognise_pictures(
    model: PortableModel,
    source: Pictures,
    done: Mapping[str, PictureResult],
    keep: Callable[[Mapping[str, PictureResult]], None],
    report: Callable[[int, int], None],
) -> dict[str, PictureResult]:
    """Recognise the faces of all pictures, except for unchanged ones that are done already.

    Args:
        model: The model.
        source: The pictures.
        done: Results of an earlier run.
        keep: Called with new results every ten seconds, and at the end.
        report: Called with the number of finished pictures, and that of all.

    Returns:
        The result of each picture, in order.
    """
    finished = {
        name: done[name]
        for name, fingerprint in source.pictures.items()
        if name in done and done[name].fingerprint == fingerprint
    }
    fresh: dict[str, PictureResult] = {}
    kept_at = time.monotonic()
    for names in _groups([name for name in source.pictures if name not in finished]):
        report(len(finished), len(source.pictures))
        results = _recognise(model, source, names)
        finished |= results
        fresh |= results
        if time.monotonic() > kept_at + KEEP_EVERY_SECONDS:
            keep(fresh)
            fresh, kept_at = {}, time.monotonic()
    if fresh:
        keep(fresh)
    return {name: finished[name] for name in source.pictures}


def to_table(results: Mapping[str, PictureResult]) -> pd.DataFrame:
    """Return one row for each face.

    Args:
        results: The result of each picture.

    Returns:
        The fields of `RecognisedFace`.
    """
    rows = [astuple(face) for result in results.values() for face in result.faces]
    names = [field.name for field in fields(RecognisedFace)]
    kinds = {field.name: field.type for field in fields(RecognisedFace)}
    return pd.DataFrame(rows, columns=names).astype(kinds)


def _groups(names: Sequence[str]) -> Iterator[list[str]]:
    iterator = iter(names)
    while group := list(islice(iterator, PICTURES_AT_A_TIME)):
        yield group


def _recognise(
    model: PortableModel, source: Pictures, names: Sequence[str]
) -> dict[str, PictureResult]:
    located = source.locate(names)
    places = [
        (name, face) for name, found in located.items() if isinstance(found, list) for face in found
    ]
    rows: dict[str, list[RecognisedFace]] = {name: [] for name in names}
    if places:
        predictions = model.predict_open_set(np.stack([f.image.ravel() for _, f in places]))
        best = predictions.probabilities.argmax(axis=1)
        for row, (name, face) in enumerate(places):
            rows[name].append(
                RecognisedFace(
                    file=name,
                    x=round(face.x, 1),
                    y=round(face.y, 1),
                    side=round(face.side, 1),
                    tilt=round(face.tilt, 1),
                    name=str(model.classes[best[row]]) if predictions.accepted[row] else UNKNOWN,
                    score=float(predictions.scores[row]),
                    confidence=float(predictions.probabilities[row, best[row]]),
                )
            )
    return {
        name: PictureResult(
            source.pictures[name],
            tuple(rows[name]),
            found if isinstance(found, str) else "" if found else NO_FACE,
        )
        for name, found in located.items()
    }
