"""Extend a training set with labelled production faces."""

import re
from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.data.conditions import UNKNOWN
from faces.data.dataset import Faces
from faces.data.split import Split

ORIGIN = re.compile(r"window (\d+)")


def add_labelled_faces(
    faces: Faces,
    split: Split,
    images: NDArray[np.float32],
    labels: NDArray[np.str_],
    senders: NDArray[np.str_] | None = None,
    label_times: NDArray[np.int64] | None = None,
) -> tuple[Faces, Split]:
    """Add production images with their feedback labels to the training images.

    An image that is already trained on is not added again. One that was held out until now is no
    longer held out, and the feedback's label counts for it. Images of people whom the model does
    not know are skipped. The conditions of added images are "unknown", and their origin is
    "window k" for the k-th window that is added.

    Args:
        faces: The data of the current model.
        split: Its split.
        images: Production images (m, 64, 64) in [0, 1].
        labels: Their labels from feedback (m,).
        senders: Who sent each label (m,); None if unknown.
        label_times: When each was received (m,), in nanoseconds since 1970; None if unknown.

    Returns:
        The extended data and its split.
    """
    sent = Faces(
        images,
        labels,
        pd.DataFrame(UNKNOWN, index=range(len(labels)), columns=faces.conditions.columns),
        faces.source,
        np.full(len(labels), _next_origin(faces)),
        senders,  # type: ignore[arg-type]
        label_times,  # type: ignore[arg-type]
    )
    added = _new_faces(faces, split, sent)
    extended = Faces(
        np.concatenate([faces.images, added.images]),
        np.concatenate([faces.labels, added.labels]),
        pd.concat([faces.conditions, added.conditions], ignore_index=True),
        faces.source,
        np.concatenate([faces.origins, added.origins]),
        np.concatenate([faces.senders, added.senders]),
        np.concatenate([faces.label_times, added.label_times]),
    )
    trained_on = np.isin(faces.ids, added.ids)
    rows = np.arange(len(faces), len(extended))
    return extended, Split(
        train=np.concatenate([split.train, rows]),
        test=split.test[~trained_on[split.test]],
        drifted=split.drifted[~trained_on[split.drifted]],
        left_out=split.left_out,
        condition=f"{split.condition} and {len(rows)} from feedback",
    )


def withhold_labels(
    faces: Faces, split: Split, extended: Faces, extended_split: Split, people: Collection[str]
) -> tuple[Faces, Split]:
    """Extend a training set again, without the added labels that name some people.

    Args:
        faces: The data of the current model.
        split: Its split.
        extended: What `add_labelled_faces` returned for them.
        extended_split: Its split.
        people: People about whom nothing is added.

    Returns:
        The data with the other labels, and its split. If there are no other labels, or none that
        names these people, the extended data is returned as it is.
    """
    added = extended[np.arange(len(faces), len(extended))]
    other = added[np.flatnonzero(~np.isin(added.labels, list(people)))]
    if len(other) in (0, len(added)):
        return extended, extended_split
    return add_labelled_faces(
        faces, split, other.images, other.labels, other.senders, other.label_times
    )


def _new_faces(faces: Faces, split: Split, sent: Faces) -> Faces:
    """Return the sent images of known people that are not trained on yet, each once."""
    known = np.isin(sent.labels, np.unique(faces.labels[split.train]))
    candidates = sent[np.flatnonzero(known)]
    new = np.zeros(len(candidates), dtype=bool)
    new[np.unique(candidates.ids, return_index=True)[1]] = True
    new &= ~np.isin(candidates.ids, faces.ids[split.train])
    return candidates[np.flatnonzero(new)]


def _next_origin(faces: Faces) -> str:
    matches = (ORIGIN.fullmatch(str(origin)) for origin in np.unique(faces.origins))
    return f"window {1 + max((int(match[1]) for match in matches if match), default=0)}"
