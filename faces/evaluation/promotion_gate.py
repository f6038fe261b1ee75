"""The gate: may a candidate take the place of the model in production? In doubt, it may not."""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REAL = "real"
SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class GateDecision:
    """Whether the candidate is promoted, and why, in words for a person."""

    promoted: bool
    reason: str


@dataclass(frozen=True)
class Comparison:
    """Two models on the same held-out images: how many each names rightly, alone and together."""

    images: int
    candidate: int
    production: int
    gained: int
    lost: int

    @property
    def difference(self) -> float:
        """Candidate's accuracy less production's."""
        return (self.candidate - self.production) / self.images

    @property
    def p_value(self) -> float:
        """McNemar's exact test: are gains and losses equally likely? (Psychometrika 12, 1947)."""
        from scipy.stats import binomtest

        changed = self.gained + self.lost
        return float(binomtest(self.gained, changed).pvalue) if changed else 1.0

    def __str__(self) -> str:
        return (
            f"{self.candidate} against {self.production} right of {self.images}, "
            f"{self.gained} gained, {self.lost} lost, p = {self.p_value:.2g}"
        )


def compare(
    truth: NDArray[np.str_], candidate: NDArray[np.str_], production: NDArray[np.str_]
) -> Comparison:
    """Compare two models' answers (n,) with the truth (n,), image by image."""
    new, old = candidate == truth, production == truth
    return Comparison(
        images=len(truth),
        candidate=int(new.sum()),
        production=int(old.sum()),
        gained=int((new & ~old).sum()),
        lost=int((old & ~new).sum()),
    )


def check_metrics(metrics: Mapping[str, float], required: Sequence[str]) -> GateDecision | None:
    """Refuse a candidate whose metrics are missing or not numbers; None if all are there."""
    for name in required:
        value = metrics.get(name)
        if value is None or not math.isfinite(value):
            return GateDecision(False, f"refused: the metric {name} is missing")
    return None


def check_people(
    candidate: Set[str], production: Set[str], *, candidate_is: str, production_is: str
) -> GateDecision | None:
    """Decide by who the models know; None if both know the same sort of people and none is lost.

    Synthetic faces never replace real ones. A model of other people replaces the present one: that
    is what bringing one's own faces means. A model that forgets some of the people does not.
    """
    if candidate_is == SYNTHETIC and production_is == REAL:
        return GateDecision(False, "refused: synthetic faces never replace a model of real people")
    if not candidate & production:
        return GateDecision(True, "promoted: it knows other people than the model in production")
    if lost := sorted(production - candidate):
        names = ", ".join(lost[:5]) + (" …" if len(lost) > 5 else "")
        return GateDecision(
            False, f"refused: it does not know {len(lost)} people that production knows ({names})"
        )
    return None


def check_comparisons(
    comparisons: Mapping[str, Comparison], tolerances: Mapping[str, float], minimum_images: int
) -> GateDecision:
    """Promote if the candidate is no worse, part by part, than `tolerances` allow.

    `comparisons` hold images that neither model was trained on. A part with fewer images than
    `minimum_images` decides nothing; without any part that decides, the candidate is refused.
    """
    enough = {part: c for part, c in comparisons.items() if c.images >= minimum_images}
    if not enough:
        counts = ", ".join(f"{c.images} {part}" for part, c in comparisons.items()) or "none"
        return GateDecision(
            False,
            f"refused: too few images that neither model was trained on ({counts}; "
            f"{minimum_images} are needed)",
        )
    told = "; ".join(f"{part}: {c}" for part, c in enough.items())
    for part, comparison in enough.items():
        if comparison.difference < -tolerances[part]:
            return GateDecision(
                False,
                f"refused: worse than production by more than {100 * tolerances[part]:g}% ({told})",
            )
    return GateDecision(True, f"promoted: no worse than production ({told})")
