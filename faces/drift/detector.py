"""The decision: a window of faces is like those that the model was trained on, or it is not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.drift.capture_features import NAMES, CaptureFeatures, fit_capture_features
from faces.drift.identity_centering import (
    centre_by_identity,
    centre_leave_one_out,
    mad_scale,
    mean_per_identity,
    winsorize,
)
from faces.drift.ks import ks_columns
from faces.drift.moments import moments_test
from faces.drift.result import DriftResult, DriftVerdict

Images = NDArray[np.floating]
MAX_REFERENCE_ROWS = 2_000
"""Rows of the reference that the test looks at; more would cost time and decide nothing."""

MAX_PER_PERSON = 20
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

    statistics: CaptureFeatures
    means: Mapping[str, NDArray[np.float64]]
    rows: NDArray[np.float64]
    groups: NDArray[np.str_]
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
        labels: NDArray[np.str_],
        groups: NDArray[np.str_] | None = None,
        **settings: float,
    ) -> "DriftDetector":
        """Learn from the images (n, 64, 64) that the model was trained on, and whom they show.

        `groups` (n,) names the part of the reference that each belongs to, "" for none. `settings`:
        `threshold` is the share of false alarms, `minimum_images` and `minimum_people` what a
        window must have.
        """
        chosen = _last_per_person(labels)
        images, labels = images[chosen], labels[chosen]
        groups = None if groups is None else groups[chosen]
        statistics = fit_capture_features(images[:: max(1, len(images) // MAX_REFERENCE_ROWS)])
        values = statistics.measure(images)
        rows, left = centre_leave_one_out(values, labels)
        scale = mad_scale(rows)
        named = np.full(len(labels), "") if groups is None else groups
        kept = np.random.default_rng(0).permutation(len(rows))[:MAX_REFERENCE_ROWS]
        means = mean_per_identity(values, labels)
        rows, named = winsorize(rows[kept], scale), named[left][kept]
        return cls(statistics, means, rows, named, scale, **settings)  # type: ignore[arg-type]

    def test(self, images: Images, predicted: NDArray[np.str_]) -> DriftResult:
        """Compare a window's images (n, 64, 64), named by the model, with the reference.

        The same image twice is one image. Too few images or people are not enough evidence.
        """
        different = {image.tobytes(): row for row, image in enumerate(images)}
        rows_kept = np.array(sorted(different.values()), dtype=np.int64)
        images, predicted = images[rows_kept], predicted[rows_kept]
        window, people = len(images), len(np.unique(predicted))
        values = self.statistics.measure(images) if window else np.empty((0, len(NAMES)))
        rows = winsorize(centre_by_identity(values, predicted, self.means), self.scale)
        columns = ks_columns(self.rows, rows, NAMES, self.threshold) if window else EMPTY
        if window < self.minimum_images or people < self.minimum_people:
            reason = (
                f"{window} different images of {people} people; {self.minimum_images} images of "
                f"{self.minimum_people} people are needed"
            )
            verdict = DriftVerdict.NOT_ENOUGH_EVIDENCE
            return DriftResult(
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
        verdict = DriftVerdict.DRIFT if drifted else DriftVerdict.NONE
        most = columns.sort_values("statistic", ascending=False)["column"].iloc[0]
        told = f"p = {p_value:.3g} of {window} images of {people} people"
        reason = f"{told}; most of all in {most}" if drifted else told
        return DriftResult(
            verdict, reason, statistic, p_value, self.threshold, window, people, columns, rows
        )

    def _references(self) -> Iterator[NDArray[np.float64]]:
        """The rows of the whole, and of each part that is no smaller than a window must be."""
        yield self.rows
        for part in np.unique(self.groups[self.groups != ""]):
            rows = self.rows[self.groups == part]
            if len(rows) >= self.minimum_images:
                yield rows


def _last_per_person(labels: NDArray[np.str_]) -> NDArray[np.integer]:
    """Rows of the last `MAX_PER_PERSON` images of everyone, in the order they had."""
    order = np.argsort(labels, kind="stable")
    _, first, counts = np.unique(labels[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(first, counts)
    return np.sort(order[np.repeat(counts, counts) - place <= MAX_PER_PERSON])


EMPTY = ks_columns(np.zeros((1, 0)), np.zeros((1, 0)), (), 1.0)
