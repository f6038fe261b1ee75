"""The decision: a window of faces is like those that the model was trained on, or it is not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.drift.capture_features import NAMES, Statistics, learn_statistics
from faces.drift.identity_centering import (
    means_of_people,
    spread,
    tame,
    without_people,
    without_people_left_out,
)
from faces.drift.ks import ks_columns
from faces.drift.moments import moments_test
from faces.drift.result import DriftReport, Verdict

Images = NDArray[np.floating]
MOST = 2_000
"""Rows of the reference that the test looks at; more would cost time and decide nothing."""

EACH = 20
"""Images of each person that are looked at."""


@dataclass(frozen=True, eq=False)
class DriftDetector:
    """What is known of the reference: its statistics, by person and without the person.

    The reference may have parts, such as a window that was learned. A window like the whole, or
    like one of the parts, is no drift: the model was trained for it.

    >>> detector = DriftDetector.fit(reference_images, reference_subjects)
    >>> report = detector.test(window_images, predicted_subjects)
    >>> report.verdict, report.p_value
    """

    statistics: Statistics
    means: Mapping[str, NDArray[np.float64]]
    rows: NDArray[np.float64]
    parts: NDArray[np.str_]
    scale: NDArray[np.float64]
    threshold: float = 0.01
    minimum_images: int = 10
    minimum_people: int = 8
    permutations: int = 999
    seed: int = 0

    @classmethod
    def fit(
        cls,
        images: Images,
        subjects: NDArray[np.str_],
        parts: NDArray[np.str_] | None = None,
        **settings: float,
    ) -> "DriftDetector":
        """Learn from the images (n, 64, 64) that the model was trained on, and whom they show.

        `parts` (n,) names the part of the reference that each belongs to, "" for none. `settings`:
        `threshold` is the share of false alarms, `minimum_images` and `minimum_people` what a
        window must have.
        """
        chosen = _some_of_each(subjects)
        images, subjects = images[chosen], subjects[chosen]
        parts = None if parts is None else parts[chosen]
        statistics = learn_statistics(images[:: max(1, len(images) // MOST)])
        values = statistics.measure(images)
        rows, left = without_people_left_out(values, subjects)
        scale = spread(rows)
        named = np.full(len(subjects), "") if parts is None else parts
        kept = np.random.default_rng(0).permutation(len(rows))[:MOST]
        means = means_of_people(values, subjects)
        rows, named = tame(rows[kept], scale), named[left][kept]
        return cls(statistics, means, rows, named, scale, **settings)  # type: ignore[arg-type]

    def test(self, images: Images, predicted: NDArray[np.str_]) -> DriftReport:
        """Compare a window's images (n, 64, 64), named by the model, with the reference.

        The same image twice is one image. Too few images or people are not enough evidence.
        """
        different = {image.tobytes(): row for row, image in enumerate(images)}
        rows_kept = np.array(sorted(different.values()), dtype=np.int64)
        images, predicted = images[rows_kept], predicted[rows_kept]
        window, people = len(images), len(np.unique(predicted))
        values = self.statistics.measure(images) if window else np.empty((0, len(NAMES)))
        rows = tame(without_people(values, predicted, self.means), self.scale)
        columns = ks_columns(self.rows, rows, NAMES, self.threshold) if window else EMPTY
        if window < self.minimum_images or people < self.minimum_people:
            reason = (
                f"{window} different images of {people} people; {self.minimum_images} images of "
                f"{self.minimum_people} people are needed"
            )
            verdict = Verdict.NOT_ENOUGH_EVIDENCE
            return DriftReport(
                verdict, reason, None, None, self.threshold, window, people, columns, rows
            )
        statistic, p_value = max(
            (
                moments_test(reference, rows, permutations=self.permutations, seed=self.seed)
                for reference in self._references()
            ),
            key=lambda found: found[1],
        )
        drifted = p_value <= self.threshold
        verdict = Verdict.DRIFT if drifted else Verdict.NONE
        most = columns.sort_values("statistic", ascending=False)["column"].iloc[0]
        told = f"p = {p_value:.3g} of {window} images of {people} people"
        reason = f"{told}; most of all in {most}" if drifted else told
        return DriftReport(
            verdict, reason, statistic, p_value, self.threshold, window, people, columns, rows
        )

    def _references(self) -> Iterator[NDArray[np.float64]]:
        """The rows of the whole, and of each part that is no smaller than a window must be."""
        yield self.rows
        for part in np.unique(self.parts[self.parts != ""]):
            rows = self.rows[self.parts == part]
            if len(rows) >= self.minimum_images:
                yield rows


def _some_of_each(subjects: NDArray[np.str_]) -> NDArray[np.integer]:
    """Rows of the last `EACH` images of everyone, in the order they had."""
    order = np.argsort(subjects, kind="stable")
    _, first, counts = np.unique(subjects[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(first, counts)
    return np.sort(order[np.repeat(counts, counts) - place <= EACH])


EMPTY = ks_columns(np.zeros((1, 0)), np.zeros((1, 0)), (), 1.0)
