"""Compare two versions of a data source: images, labels and conditions."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The faces of a data source at one commit.

    Attributes:
        images: Pixels (n, 64, 64) in [0, 1]; (0, 64, 64) if they are unavailable.
        labels: The identity of each of n images, "" if the images are unavailable.
        conditions: A table of n rows.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.str_]
    conditions: pd.DataFrame

    @property
    def has_images(self) -> bool:
        """Whether pixels are available."""
        return len(self.images) > 0


@dataclass(frozen=True)
class Changes:
    """What differs between two snapshots; rows are row numbers.

    Attributes:
        added: Rows of the new snapshot.
        removed: Rows of the old snapshot.
        relabelled: Pairs of an old and a new row: the same image with another label.
        redrawn: Pairs of an old and a new row: another image in the same place.
        conditions: Pairs of an old and a new row, and the names of the conditions that differ.
    """

    added: Sequence[int] = ()
    removed: Sequence[int] = ()
    relabelled: Sequence[tuple[int, int]] = ()
    redrawn: Sequence[tuple[int, int]] = ()
    conditions: Sequence[tuple[int, int, tuple[str, ...]]] = ()

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        return any((self.added, self.removed, self.relabelled, self.redrawn, self.conditions))


def read_snapshot(file: Path) -> Snapshot:
    """Read what `dump_sources` wrote.

    Args:
        file: An .npz file.

    Returns:
        The snapshot.
    """
    with np.load(file, allow_pickle=False) as arrays:
        table = pd.DataFrame(arrays["values"], columns=list(arrays["names"]), dtype=str)
        return Snapshot(arrays["images"], arrays["labels"], table)


def compare(old: Snapshot, new: Snapshot) -> Changes:
    """Find what was added, removed and changed.

    Images are matched by their pixels first, then by their label and their number among the images
    of that label. Without pixels on either side, rows are matched by their number.

    Args:
        old: The snapshot of the base commit.
        new: The snapshot of the present commit.

    Returns:
        The differences.
    """
    with_images = old.has_images and new.has_images
    if with_images:
        same, old_rest, new_rest = _match(_content_keys(old), _content_keys(new))
    else:
        same, old_rest, new_rest = _match(range(len(old.labels)), range(len(new.labels)))
    placed, removed, added = _match(
        _numbered(old.labels[old_rest].tolist()), _numbered(new.labels[new_rest].tolist())
    )
    redrawn = [(old_rest[i], new_rest[j]) for i, j in placed] if with_images else []
    pairs = sorted([*same, *redrawn], key=lambda pair: pair[1])
    return Changes(
        added=[new_rest[j] for j in added] if with_images else new_rest,
        removed=[old_rest[i] for i in removed] if with_images else old_rest,
        relabelled=[(i, j) for i, j in same if with_images and old.labels[i] != new.labels[j]],
        redrawn=redrawn,
        conditions=[
            (i, j, names) for i, j in pairs if (names := _changed_conditions(old, i, new, j))
        ],
    )


def condition_counts(snapshot: Snapshot) -> Counter[tuple[str, str]]:
    """Count the images of every value of every condition.

    Args:
        snapshot: The snapshot.

    Returns:
        Numbers of images by condition and value.
    """
    table = snapshot.conditions
    return Counter((name, value) for name in table for value in table[name])


def _match(
    old: Iterable[Hashable], new: Iterable[Hashable]
) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Match equal keys, each once: pairs of positions, then the positions left in both."""
    positions = {key: position for position, key in enumerate(old)}
    pairs, rest = [], []
    for position, key in enumerate(new):
        if key in positions:
            pairs.append((positions.pop(key), position))
        else:
            rest.append(position)
    return pairs, sorted(positions.values()), rest


def _content_keys(snapshot: Snapshot) -> list[Hashable]:
    return _numbered([image.tobytes() for image in snapshot.images])


def _numbered(keys: Sequence[Hashable]) -> list[Hashable]:
    """Make repeated keys distinct: the second "a" becomes ("a", 1)."""
    seen: Counter[Hashable] = Counter()
    numbered: list[Hashable] = []
    for key in keys:
        numbered.append((key, seen[key]))
        seen[key] += 1
    return numbered


def _changed_conditions(old: Snapshot, i: int, new: Snapshot, j: int) -> tuple[str, ...]:
    before, after = dict(old.conditions.iloc[i]), dict(new.conditions.iloc[j])
    names = dict.fromkeys([*before, *after])
    return tuple(name for name in names if before.get(name) != after.get(name))
