"""Monitoring window: production faces with the answers of the endpoint and feedback labels."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Window:
    """Faces that the endpoint answered.

    Attributes:
        images: Images (n, 64, 64) in [0, 1].
        predicted: The identity as answered, (n,), "unknown" for rejected faces.
        labels: The label that feedback gave, (n,), "" without feedback.
        confidence: The largest probability, (n,).
        versions: The model version that answered, (n,).
        times: When it answered, (n,), in nanoseconds since 1970.
        senders: Who sent the label, (n,): "" if unknown, or without feedback. None stands for all
            "".
        label_times: When the label was received, (n,), in nanoseconds since 1970; 0 without
            feedback. None stands for all 0.
        repeats: How often the image was sent, (n,). None stands for all 1.
        damaged: Number of captured records that could not be read.
        unmatched_feedback: Number of feedback records that fit no captured request.
        sampled_from: Number of captured faces that the window is a random sample of; 0 if it has
            all of them.
    """

    images: NDArray[np.float32]
    predicted: NDArray[np.str_]
    labels: NDArray[np.str_]
    confidence: NDArray[np.float64]
    versions: NDArray[np.str_]
    times: NDArray[np.int64]
    senders: NDArray[np.str_] = None  # type: ignore[assignment]
    label_times: NDArray[np.int64] = None  # type: ignore[assignment]
    repeats: NDArray[np.int64] = None  # type: ignore[assignment]
    damaged: int = 0
    unmatched_feedback: int = 0
    sampled_from: int = 0

    def __post_init__(self) -> None:
        if self.senders is None:
            object.__setattr__(self, "senders", np.full(len(self.images), "", dtype="U1"))
        if self.label_times is None:
            object.__setattr__(self, "label_times", np.zeros(len(self.images), dtype=np.int64))
        if self.repeats is None:
            object.__setattr__(self, "repeats", np.ones(len(self.images), dtype=np.int64))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: NDArray[np.integer] | NDArray[np.bool_] | slice) -> "Window":
        return replace(
            self,
            images=self.images[rows],
            predicted=self.predicted[rows],
            labels=self.labels[rows],
            confidence=self.confidence[rows],
            versions=self.versions[rows],
            times=self.times[rows],
            senders=self.senders[rows],
            label_times=self.label_times[rows],
            repeats=self.repeats[rows],
        )

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Whether feedback labelled each face, (n,)."""
        return np.asarray(self.labels != "")


def concatenate(windows: Sequence[Window]) -> Window:
    """Put windows one after the other.

    Args:
        windows: At least one. What could not be read is counted as in the first.

    Returns:
        All faces, in this order.
    """
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(window, name) for window in windows])
        for name, value in vars(windows[0]).items()
        if isinstance(value, np.ndarray)
    }
    return replace(windows[0], **arrays)


def late_labels(window: Window, decided: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Find labels that arrived after their face was decided on.

    Args:
        window: Faces in any order (n,).
        decided: Of each decision, in order: the time of its newest face, and of the latest label
            that it has seen, in nanoseconds since 1970.

    Returns:
        Whether each face was decided on without its present label, (n,).
    """
    if not decided:
        return np.zeros(len(window), dtype=bool)
    newest, labels_seen = np.array(decided, dtype=np.int64).T
    first = np.searchsorted(newest, window.times)
    known = first < len(decided)
    seen = labels_seen[np.minimum(first, len(decided) - 1)]
    return np.asarray(window.labelled & known & (window.label_times > seen))


def last_occurrences(images: NDArray[np.floating]) -> NDArray[np.int64]:
    """Find the last occurrence of each distinct image.

    Args:
        images: Images (n, 64, 64); equal pixels are the same image.

    Returns:
        Row numbers, ascending, int64 (number of distinct images,).
    """
    last = {image.tobytes(): row for row, image in enumerate(images)}
    return np.array(sorted(last.values()), dtype=np.int64)


def count_repeats(images: NDArray[np.floating]) -> NDArray[np.int64]:
    """Count how often each image occurs.

    Args:
        images: Images (n, 64, 64); equal pixels are the same image.

    Returns:
        The number of its occurrences for each image, int64 (n,).
    """
    contents = [image.tobytes() for image in images]
    counts = Counter(contents)
    return np.array([counts[content] for content in contents], dtype=np.int64)
