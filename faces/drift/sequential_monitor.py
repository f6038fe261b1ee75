"""Monitor of single faces: tests for drift after each one, with a bound over all time.

The window test is repeated for each window, so that sooner or later there is a false alarm. The
monitor compares each face with the images of the same person before it, training images included.
Without drift, its rank by distance is uniform, and `faces.drift.betting` bets against that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from faces.drift import betting
from faces.drift.betting import Rank
from faces.drift.capture_features import CaptureFeatures, chunks, fit_capture_features
from faces.drift.detector import Arrays, Images, Labels
from faces.drift.identity_centering import (
    Rows,
    fit_whitening,
    last_per_person,
    mean_per_identity,
)
from faces.drift.near_duplicates import make_thumbnails
from faces.drift.person_images import (
    AddedGroup,
    MeasuredFaces,
    PersonImages,
    extend_groups,
)
from faces.drift.result import MonitorResult
from faces.drift.two_sample import MAX_REFERENCE_ROWS
from faces.groups import group_rows

BLOCK = 1000
"""Faces that are added at a time: memory grows with the square of this number."""


@dataclass(frozen=True, eq=False)
class SequentialMonitor:
    """State of the monitor. It grows with the faces, and starts again with each deployment.

    Training images that came from feedback are groups, one for each window that was added. A face
    that is not unusual within its person, or within one of the groups, is not evidence of drift.

    Attributes:
        features: Measures the capture features of images.
        transform: Whitens them, (9, 9).
        people: By name, the images that new ones are compared with.
        means: By name, the mean of the enrolled images' whitened features, (9,).
        groups: The training images from each window.
        capital: Capital of each bet, (k,).
        faces: Number of faces so far.
        compared: Number of these that were compared.
        peak: The largest evidence so far.
        until: When the newest face was captured, in nanoseconds since 1970.
    """

    features: CaptureFeatures
    transform: Rows
    people: Mapping[str, PersonImages]
    means: Mapping[str, Rows]
    groups: tuple[AddedGroup, ...]
    capital: Rows
    faces: int = 0
    compared: int = 0
    peak: float = 1.0
    until: int = 0

    @classmethod
    def fit(cls, images: Images, labels: Labels, groups: Labels) -> Self:
        """Fit the monitor on training images.

        Args:
            images: Training images (m, 64, 64) in [0, 1].
            labels: The label of each, (m,).
            groups: The window that each was added from, (m,), "" for enrolled images.

        Returns:
            A monitor that has seen no face.
        """
        enrolled = np.flatnonzero(groups == "")
        enrolled = enrolled[last_per_person(labels[enrolled])]
        known = labels[enrolled]
        sample = enrolled[:: max(1, len(enrolled) // MAX_REFERENCE_ROWS)]
        features = fit_capture_features(images[sample])
        values = features.measure(images[enrolled])
        transform = fit_whitening(values, known)
        rows = values @ transform
        thumbnails = np.concatenate([make_thumbnails(block) for block in chunks(images[enrolled])])
        means = mean_per_identity(rows, known)
        people = {
            name: PersonImages(rows[own], thumbnails[own], np.zeros(len(own), dtype=np.int64))
            for name, own in group_rows(known).items()
        }
        added = []
        for group in np.unique(groups[groups != ""]):
            own = np.flatnonzero((groups == group) & np.isin(labels, known))
            if len(own):
                rows = features.measure(images[own]) @ transform
                residuals = rows - np.array([means[str(name)] for name in labels[own]])
                added.append(AddedGroup.fit(residuals))
        return cls(features, transform, people, means, tuple(added), betting.no_capital())

    def update(self, images: Images, predicted: Labels, times: NDArray[np.int64]) -> Self:
        """Add faces, one after the other.

        Args:
            images: Images (n, 64, 64) in [0, 1].
            predicted: The identity that the model answered for each, (n,), "unknown" included.
            times: When each was captured, (n,), in nanoseconds since 1970.

        Returns:
            The next state.
        """
        return self.add(self.measure(images), predicted, times) if len(images) else self

    def measure(self, images: Images) -> MeasuredFaces:
        """Measure faces.

        Args:
            images: Images (n, 64, 64) in [0, 1].

        Returns:
            What is compared.
        """
        rows = self.features.measure(images) @ self.transform
        return MeasuredFaces(rows, make_thumbnails(images))

    def add(self, faces: MeasuredFaces, predicted: Labels, times: NDArray[np.int64]) -> Self:
        """Add faces that were measured, one after the other. See `update`.

        Args:
            faces: The measured faces, n > 0.
            predicted: The identity that the model answered for each, (n,).
            times: When each was captured, (n,).

        Returns:
            The next state.
        """
        monitor = self
        for start in range(0, len(predicted), BLOCK):
            block = slice(start, start + BLOCK)
            monitor = monitor._add_block(faces.select(block), predicted[block], times[block])
        return monitor

    def _add_block(self, faces: MeasuredFaces, predicted: Labels, times: NDArray[np.int64]) -> Self:
        people, ranks = dict(self.people), dict[int, Rank]()
        for name, own in group_rows(predicted).items():
            if name in people:
                people[name], added, found = people[name].extend(faces.select(own), times[own])
                ranks.update(zip(own[added].tolist(), found, strict=True))
        known = sorted(ranks)
        factors = np.array([betting.e_values(ranks[face]) for face in known])
        groups = self.groups
        if known and groups:
            residuals = faces.rows[known] - [self.means[name] for name in predicted[known].tolist()]
            groups, factors = extend_groups(groups, residuals, factors)
        next_one = replace(
            self,
            people=people,
            groups=groups,
            faces=self.faces + len(predicted),
            until=max(self.until, int(times.max())),
        )
        return next_one._bet(factors) if known else next_one

    def _bet(self, factors: Rows) -> Self:
        capital = betting.bet(self.capital, self.compared, factors)
        compared = self.compared + np.arange(1, len(capital) + 1)
        peak = float(betting.evidence(capital, compared).max())
        now, number = capital[-1], int(compared[-1])
        return replace(self, capital=now, compared=number, peak=max(self.peak, peak))

    def without_faces_before(self, moment: int) -> Self:
        """Drop what is kept of faces that were captured before a moment.

        Args:
            moment: Nanoseconds since 1970.

        Returns:
            The same evidence; later faces are compared with fewer images.
        """
        return replace(self, people={n: own.since(moment) for n, own in self.people.items()})

    def result(self, level: float, since: str, version: int) -> MonitorResult:
        """Return what was found.

        Args:
            level: Probability of ever raising a false alarm.
            since: When the version was deployed.
            version: The version.
        """
        now = float(betting.evidence(self.capital[None], np.array([self.compared]))[0])
        return MonitorResult(now, self.peak, level, self.faces, self.compared, since, version)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Convert to plain arrays, which can be stored without pickle.

        Returns:
            Arrays by name, none of which has the data type `object`.
        """
        people = list(self.people.values())
        return {
            "yaw_axis": self.features.yaw_axis,
            "transform": self.transform,
            "names": np.array(list(self.people), dtype=np.str_),
            "counts": np.array([len(own.rows) for own in people], dtype=np.int64),
            "rows": np.concatenate([own.rows for own in people]),
            "thumbnails": np.concatenate([own.thumbnails for own in people]),
            "times": np.concatenate([own.times for own in people]),
            "means": np.array([self.means[name] for name in self.people]),
            "capital": self.capital,
            "groups": np.array([group.training for group in self.groups], dtype=np.int64),
            **{f"centre_{n}": group.centre for n, group in enumerate(self.groups)},
            **{f"distances_{n}": group.distances for n, group in enumerate(self.groups)},
            **{name: np.array(getattr(self, name)) for name in _COUNTS},
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Restore a monitor.

        Args:
            arrays: The arrays that `to_arrays` returned.

        Returns:
            A monitor that continues where the original was.
        """
        names = arrays["names"].tolist()
        ends = np.cumsum(arrays["counts"])[:-1]
        parts = [np.split(arrays[key], ends) for key in ("rows", "thumbnails", "times")]
        images = [PersonImages(*own) for own in zip(*parts, strict=True)]
        groups = [
            AddedGroup(arrays[f"centre_{number}"], arrays[f"distances_{number}"], training)
            for number, training in enumerate(arrays["groups"].tolist())
        ]
        return cls(
            CaptureFeatures(arrays["yaw_axis"]),
            arrays["transform"],
            dict(zip(names, images, strict=True)),
            dict(zip(names, arrays["means"], strict=True)),
            tuple(groups),
            arrays["capital"],
            **{name: arrays[name].item() for name in _COUNTS},
        )


_COUNTS = ("faces", "compared", "peak", "until")
