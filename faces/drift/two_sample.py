"""Shared part of detectors that compare capture features by a two-sample test.

Capture features of each face, centred on its identity, are compared with those of the reference
by one test over all columns. Subclasses choose the test.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter
from typing import Any, ClassVar, Self, TypedDict, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.drift.capture_features import NAMES, CaptureFeatures, fit_capture_features
from faces.drift.detector import Arrays, Images, Labels
from faces.drift.identity_centering import (
    centre_by_identity,
    centre_leave_one_out,
    design_effect,
    last_per_person,
    mad_scale,
    mean_per_identity,
    winsorize,
)
from faces.drift.ks import ks_columns
from faces.drift.near_duplicates import last_of_near_duplicates
from faces.drift.result import DriftResult, DriftVerdict
from faces.runtime.portable import UNKNOWN

MAX_REFERENCE_ROWS = 2_000
"""More rows of the reference would cost time without improving the test."""

Rows = NDArray[np.float64]


class Settings(TypedDict, total=False):
    """Optional settings of a test."""

    threshold: float
    minimum_images: int
    minimum_people: int
    permutations: int
    seed: int


@dataclass(frozen=True, eq=False)
class TwoSampleDetector(ABC):
    """Detector that applies a two-sample test to capture features, centred by identity.

    The reference may consist of groups, such as windows that were added from feedback. A window
    like the whole reference, or like one group, is not drift: the model was trained on it.
    Near-duplicates in a window count once, and "unknown" does not count as an identity.

    Several faces of one person deviate together, which the test takes into account.

    Attributes:
        features: Measures the capture features of images.
        means: Mean capture features of each identity, (9,).
        counts: Number of images that each of the means is of.
        rows: The reference (m, 9): capture features less the mean of the identity's other images,
            in units of `scale`.
        groups: The group of each row of the reference, (m,), "" for none.
        scale: Robust standard deviation of each column, (9,).
        threshold: Significance level of the test.
        minimum_images: Smallest number of distinct images in a window.
        minimum_people: Smallest number of distinct identities in a window.
        permutations: Number of random permutations of the test.
        seed: Seed of the permutations.
    """

    name: ClassVar[str]

    features: CaptureFeatures
    means: Mapping[str, Rows]
    counts: Mapping[str, int]
    rows: Rows
    groups: Labels
    scale: Rows
    threshold: float = 0.01
    minimum_images: int = 10
    minimum_people: int = 8
    permutations: int = 999
    seed: int = 0

    @staticmethod
    @abstractmethod
    def two_sample_test(
        reference: Rows, window: Rows, *, permutations: int, seed: int, design_effect: float = 1.0
    ) -> tuple[float, float]:
        """Test whether two samples have the same distribution.

        Args:
            reference: Rows (m, d).
            window: Rows (n, d).
            permutations: Number of random permutations.
            seed: Seed of the permutations.
            design_effect: See `faces.drift.permutation.permutation_test`.

        Returns:
            The statistic, which is large for different distributions, and its p-value.
        """

    @classmethod
    def fit(
        cls,
        images: Images,
        labels: Labels,
        groups: Labels | None = None,
        **settings: Unpack[Settings],
    ) -> Self:
        """Fit the reference on the last images of each person. See Detector.

        Args:
            images: Training images (m, 64, 64) in [0, 1].
            labels: The label of each, (m,).
            groups: The part of the reference that each belongs to, (m,), "" for none.
            **settings: `threshold`, `minimum_images`, `minimum_people`, `permutations`, `seed`.

        Returns:
            The fitted detector.
        """
        selected = last_per_person(labels)
        images, labels = images[selected], labels[selected]
        groups = np.full(len(labels), "") if groups is None else groups[selected]
        features = fit_capture_features(images[:: max(1, len(images) // MAX_REFERENCE_ROWS)])
        values = features.measure(images)
        rows, sources = centre_leave_one_out(values, labels)
        scale = mad_scale(rows)
        sample = np.random.default_rng(0).permutation(len(rows))[:MAX_REFERENCE_ROWS]
        means = mean_per_identity(values, labels)
        counts = Counter(labels.tolist())
        reference = winsorize(rows[sample], scale)
        return cls(features, means, counts, reference, groups[sources][sample], scale, **settings)

    def with_limits(self, threshold: float, minimum_images: int, minimum_people: int) -> Self:
        """Set the limits of the test. See Detector."""
        return replace(
            self,
            threshold=threshold,
            minimum_images=minimum_images,
            minimum_people=minimum_people,
        )

    def test(self, images: Images, predicted: Labels) -> DriftResult:
        """Test a window. See Detector."""
        distinct = last_of_near_duplicates(images)
        images, predicted = images[distinct], predicted[distinct]
        identities = len(np.unique(predicted[predicted != UNKNOWN]))
        result = partial(
            DriftResult,
            threshold=self.threshold,
            images=len(images),
            identities=identities,
            detector=self.name,
        )
        if len(images) < self.minimum_images or identities < self.minimum_people:
            reason = (
                f"too few distinct images ({len(images)} of at least {self.minimum_images}) or "
                f"recognised people ({identities} of at least {self.minimum_people})"
            )
            return result(DriftVerdict.NOT_ENOUGH_EVIDENCE, reason, None, None)
        rows = self._centre(images, predicted)
        statistic, p_value = self._compare(
            rows,
            design_effect=design_effect(predicted, self.counts),
            **self.test_options(predicted),
        )
        reason = f"p = {p_value:.3g} for {len(images)} images of {identities} identities"
        if p_value > self.threshold:
            return result(DriftVerdict.NONE, reason, statistic, p_value)
        reason = f"{reason}, largest change in {self._most_changed(rows)}"
        return result(DriftVerdict.DRIFT, reason, statistic, p_value)

    def tabulate(self, images: Images, predicted: Labels) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Tabulate the capture features, in robust standard deviations. See Detector."""
        window = self._centre(images, predicted)
        columns = list(NAMES)
        return pd.DataFrame(self.rows, columns=columns), pd.DataFrame(window, columns=columns)

    def test_options(self, predicted: Labels) -> dict[str, Any]:
        """Return options of the test beyond those of all tests.

        Args:
            predicted: Recognised identities of the window, (n,).

        Returns:
            Keyword arguments of `two_sample_test`.
        """
        return {}

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Convert to plain arrays. See Detector."""
        scalars = {name: np.array(getattr(self, name)) for name in Settings.__annotations__}
        return {
            "yaw_axis": self.features.yaw_axis,
            "identities": np.array(list(self.means), dtype=np.str_),
            "means": np.array(list(self.means.values())),
            "counts": np.array([self.counts[identity] for identity in self.means]),
            "rows": self.rows,
            "groups": self.groups.astype(np.str_),
            "scale": self.scale,
            **scalars,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Restore a detector. See Detector."""
        identities = arrays["identities"].tolist()
        return cls(
            CaptureFeatures(arrays["yaw_axis"]),
            dict(zip(identities, arrays["means"], strict=True)),
            dict(zip(identities, arrays["counts"].tolist(), strict=True)),
            arrays["rows"],
            arrays["groups"],
            arrays["scale"],
            **{name: arrays[name].item() for name in Settings.__annotations__},
        )

    def _centre(self, images: Images, predicted: Labels) -> Rows:
        """Return the rows (n, 9) of images as they are compared with the reference."""
        values = self.features.measure(images)
        return winsorize(centre_by_identity(values, predicted, self.means), self.scale)

    def _compare(self, rows: Rows, **options: Any) -> tuple[float, float]:
        """Return statistic and p-value for the part of the reference that is most similar."""
        results = [
            self.two_sample_test(
                reference,
                rows,
                permutations=self.permutations,
                seed=self.seed,
                **options,
            )
            for reference in self._references()
        ]
        return max(results, key=itemgetter(1))

    def _references(self) -> Iterator[Rows]:
        """Yield the whole reference, and each group with enough images for a window."""
        yield self.rows
        for group in np.unique(self.groups[self.groups != ""]):
            rows = self.rows[self.groups == group]
            if len(rows) >= self.minimum_images:
                yield rows

    def _most_changed(self, rows: Rows) -> str:
        """Return the column with the largest Kolmogorov–Smirnov statistic."""
        columns = ks_columns(self.rows, rows, NAMES, self.threshold)
        return str(columns.sort_values("statistic", ascending=False)["column"].iloc[0])
