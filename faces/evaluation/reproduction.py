"""Compare a model that was trained again with the one that was recorded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from faces.data.split import Split
from faces.runtime.operators import Arrays
from faces.runtime.portable import PortableModel

PARTS = ("train", "test", "drifted")


@dataclass(frozen=True)
class Stage:
    """One stage of a training, as it was repeated.

    Attributes:
        name: The stage, such as "split" or "operator 2: softmax".
        difference: How its result differs from the recorded one, in one phrase; "" if every bit is
            the same.
    """

    name: str
    difference: str

    @property
    def is_identical(self) -> bool:
        """Whether every bit is the same."""
        return not self.difference


def compare_splits(recorded: Split, repeated: Split) -> Stage:
    """Compare which images are trained and tested on.

    Args:
        recorded: The split of the version.
        repeated: The split that was made again.

    Returns:
        The stage, which names the first part that differs.
    """
    for part in PARTS:
        old, new = getattr(recorded, part), getattr(repeated, part)
        if not np.array_equal(old, new):
            moved = len(np.setxor1d(old, new))
            return Stage("split", f"{moved} images are not in both '{part}' sets")
    return Stage("split", "")


def compare_models(recorded: PortableModel, repeated: PortableModel) -> Iterator[Stage]:
    """Compare two exported models, operator by operator in the order of computation.

    Args:
        recorded: The version's model.
        repeated: The model that was trained again.

    Yields:
        A stage for the classes, each operator, the calibration, the rejection threshold and the
        check whether an image is a face.
    """
    same = np.array_equal(recorded.classes, repeated.classes)
    yield Stage("people", "" if same else "other people are enrolled")
    missing: tuple[str, Arrays] = ("nothing", {})
    pairs = zip_longest(recorded.operators, repeated.operators, fillvalue=missing)
    for number, ((name, old), (other, new)) in enumerate(pairs):
        difference = f"it is {other} now" if name != other else _compare_arrays(old, new)
        yield Stage(f"operator {number}: {name}", difference)
    yield Stage("calibration", _compare(recorded.logit_scale, repeated.logit_scale))
    yield Stage(
        "rejection threshold", _compare(recorded.rejection_threshold, repeated.rejection_threshold)
    )
    yield Stage("face check", _compare_arrays(_arrays(recorded), _arrays(repeated)))


def compare_metrics(recorded: Mapping[str, float], repeated: Mapping[str, float]) -> Stage:
    """Compare the metrics of two evaluations.

    Args:
        recorded: Metrics of the version.
        repeated: Metrics of the model that was trained again.

    Returns:
        The stage, which names the first metric that differs.
    """
    for name in sorted({*recorded, *repeated}):
        if difference := _compare(recorded.get(name), repeated.get(name)):
            return Stage("metrics", f"{name}: {difference}")
    return Stage("metrics", "")


def _arrays(model: PortableModel) -> Arrays:
    """Return the arrays of the check whether an image is a face."""
    check = model.face_check
    if check is None:
        return {}
    threshold = np.array([check.threshold], np.float32)
    return {"whitening": check.whitening, "template": check.template, "threshold": threshold}


def _compare_arrays(recorded: Arrays, repeated: Arrays) -> str:
    for name in sorted({*recorded, *repeated}):
        old, new = recorded.get(name), repeated.get(name)
        if old is None or new is None or old.shape != new.shape or old.dtype != new.dtype:
            return f"{name} has another shape or type"
        if old.tobytes() != new.tobytes():
            return f"{name} differs by up to {np.abs(old - new).max():.2g}"
    return ""


def _compare(recorded: float | None, repeated: float | None) -> str:
    if recorded == repeated:
        return ""
    return f"{recorded}, now {repeated}"
