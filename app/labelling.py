"""Which captured faces need a label, the most useful first."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from faces.data.dataset import image_ids
from faces.drift.captured_requests import CapturedRequests
from faces.runtime.image import IMAGE_SIDE
from faces.runtime.portable import UNKNOWN

MAX_FACES = 200
"""Faces that are offered at a time."""


@dataclass(frozen=True, eq=False)
class FaceToLabel:
    """A captured face without a label.

    Attributes:
        request: Id of its request, which has no other face.
        image: The face (64, 64) in [0, 1].
        predicted: The identity as answered, "unknown" included.
        confidence: Probability of the most probable person.
        time: When it was answered, in UTC.
        version: The version that answered.
    """

    request: str
    image: NDArray[np.float32]
    predicted: str
    confidence: float
    time: datetime
    version: str


def faces_to_label(captured: CapturedRequests, limit: int = MAX_FACES) -> list[FaceToLabel]:
    """Choose the faces whose labels teach most: unknown ones, then those with low confidence.

    Feedback labels all faces of a request, so only requests with a single face are offered. An
    image that was sent several times is offered once, unless one of these has a label.

    Args:
        captured: All captured faces.
        limit: The largest number of faces.

    Returns:
        The faces, the most useful first.
    """
    table = captured.table
    if not len(table):
        return []
    ids = image_ids(captured.pixels)
    labelled = set(ids[table["label"].notna().to_numpy()])
    single = table.groupby("request")["face"].transform("size").to_numpy() == 1
    latest = {ids[row]: row for row in np.flatnonzero(single) if ids[row] not in labelled}
    rows = table.iloc[sorted(latest.values())].copy()
    rows["known"] = rows["predicted"] != UNKNOWN
    chosen = rows.sort_values(["known", "confidence"], kind="stable").head(limit)
    return [
        FaceToLabel(
            request=str(row.request),
            image=captured.pixels[int(position)].reshape(IMAGE_SIDE, IMAGE_SIDE),
            predicted=str(row.predicted),
            confidence=float(row.confidence),
            time=row.time.to_pydatetime(),
            version=str(row.version),
        )
        for position, row in zip(chosen.index, chosen.itertuples(), strict=True)
    ]
