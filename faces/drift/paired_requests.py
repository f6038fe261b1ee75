"""Pair the answers of two versions in captured requests."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.data.dataset import Faces
from faces.drift.captured_requests import CapturedRequests
from faces.evaluation.paired_answers import Labels, PairedAnswers, judge
from faces.evaluation.witness import Witness
from faces.runtime.image import IMAGE_SIDE
from faces.runtime.portable import UNKNOWN

Similar = Callable[[NDArray[np.float32], Labels], NDArray[np.float64]]
"""Returns the similarity of images (n, 64, 64) to people (n,); NaN for unknown names."""


def pair_answers(
    captured: CapturedRequests, candidate: str, previous: str, since: int, similar: Similar
) -> tuple[PairedAnswers, int]:
    """Collect the faces that both versions answered since a release began.

    An image that was sent several times counts once: its first answers, and its latest label.

    Args:
        captured: Captured requests.
        candidate: The version that is released.
        previous: The version that it is compared with.
        since: When the release began, in nanoseconds since 1970.
        similar: The witness.

    Returns:
        The paired answers in order of time, and the number of faces that only one version answered.
    """
    rows, unanswered = _paired_rows(captured, candidate, previous, since)
    images = captured.pixels[rows.index.to_numpy(dtype=np.intp)]
    images = images.reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
    new, old, labels = (
        rows[name].to_numpy(dtype=str) for name in ("candidate", "previous", "label")
    )

    def similarities(selected: NDArray[np.intp], names: Labels) -> NDArray[np.float64]:
        return similar(images[selected], names)

    outcomes, unjudged = judge(new, old, labels, similarities)
    answered = np.where(old != UNKNOWN, old, new)
    return PairedAnswers(
        outcomes=outcomes,
        unjudged=unjudged,
        people=np.where(labels != "", labels, answered),
        candidate_refused=new == UNKNOWN,
        refused_by_one=(new == UNKNOWN) != (old == UNKNOWN),
        by_candidate=(rows["version"] == candidate).to_numpy(dtype=bool),
        times=rows["nanoseconds"].to_numpy(dtype=np.int64),
        known_people=len(captured.classes.get(previous, ())),
    ), unanswered


def _paired_rows(
    captured: CapturedRequests, candidate: str, previous: str, since: int
) -> tuple[pd.DataFrame, int]:
    """Return one row for each distinct image that both versions answered."""
    table = captured.table
    times = table["time"].astype("datetime64[ns, UTC]").astype("int64")
    table = table[(times > since) & table["version"].isin([candidate, previous])]
    counterpart = {candidate: previous, previous: candidate}
    seen: dict[bytes, dict[str, object]] = {}
    paired: list[int] = []
    unanswered = 0
    for index, row in zip(table.index, table.to_dict("records"), strict=True):
        version, names = captured.shadows.get(str(row["request"]), ("", []))
        if version != counterpart[str(row["version"])]:
            unanswered += 1
            continue
        image = captured.pixels[index].tobytes()
        label = row["label"] if isinstance(row["label"], str) else ""
        if image in seen:
            seen[image]["label"] = label or seen[image]["label"]
            continue
        answers = {row["version"]: row["predicted"], version: names[row["face"]]}
        seen[image] = {
            "candidate": answers[candidate],
            "previous": answers[previous],
            "label": label,
            "version": row["version"],
            "nanoseconds": times[index],
        }
        paired.append(index)
    columns = ["candidate", "previous", "label", "version", "nanoseconds"]
    return pd.DataFrame(list(seen.values()), index=paired, columns=columns), unanswered


class LazyWitness:
    """A witness that is trained when it is asked for the first time.

    Args:
        enrolled: Enrolled images of the people, at least two of each.
    """

    def __init__(self, enrolled: Faces) -> None:
        self.enrolled = enrolled
        self._witness: Witness | None = None

    def __call__(self, images: NDArray[np.float32], names: Labels) -> NDArray[np.float64]:
        """Return how much faces resemble people; NaN for people who are not enrolled.

        Args:
            images: Faces (n, 64, 64) in [0, 1].
            names: People (n,).
        """
        if self._witness is None:
            self._witness = Witness(self.enrolled)
        classifier = self._witness.classifier
        known = np.isin(names, classifier.classes_)
        similarities = np.full(len(names), np.nan)
        if known.any():
            means = classifier.means_[np.searchsorted(classifier.classes_, names[known])]
            similarities[known] = (self._witness.embed(images[known]) * means).sum(axis=1)
        return similarities
