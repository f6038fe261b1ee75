"""Rules of the promotion gate about accuracy: an absolute floor, and the paired comparison.

Decision record 0073 has their power.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import scipy

from faces.evaluation.comparison import Comparison, Comparisons
from faces.evaluation.gate_decision import GateDecision

CONFIDENCE = 0.95
"""Of one-sided limits; two of them are the ends of a 90 % interval."""

POWERFUL_IMAGES = 100
"""With fewer held-out images in all, models are compared by cross-validation, too."""

ALL, CROSS_VALIDATED = "all", "cross-validated"
"""Parts: all held-out images together; images of all folds of a cross-validation."""


@dataclass(frozen=True)
class Recognition:
    """How well a candidate recognises images of the conditions that it was trained on.

    Attributes:
        images: Number of images that it was not trained on.
        correct: How many of them it predicts correctly.
        people: Number of people whom it knows.
        reference: Returns the accuracy of a reference recogniser on the same images, trained on
            the same enrolled images; called only if it matters.
    """

    images: int
    correct: int
    people: int
    reference: Callable[[], float]

    @property
    def lower_limit(self) -> float:
        """Lower confidence limit of the accuracy (Clopper and Pearson, Biometrika 26, 1934)."""
        if not self.correct:
            return 0.0
        wrong = self.images - self.correct
        return float(scipy.stats.beta.ppf(1 - CONFIDENCE, self.correct, wrong + 1))


def check_floor(recognition: Recognition, minimum_share: float) -> GateDecision | None:
    """Reject a candidate that may be as bad as guessing, or far worse than is possible.

    Args:
        recognition: How well it recognises images.
        minimum_share: Share of the reference recogniser's accuracy that it must reach.

    Returns:
        A rejection, or None if other rules decide.
    """
    limit, chance = recognition.lower_limit, 1 / recognition.people
    measured = (
        f"{recognition.correct} of {recognition.images} held-out images are recognised "
        f"(accuracy above {limit:.0%} at {CONFIDENCE:.0%} confidence)"
    )
    if limit <= chance:
        return GateDecision(
            False,
            f"rejected: it may be no better than guessing: {measured}, and guessing one of "
            f"{recognition.people} people gets {chance:.0%}: add images, or train another model",
        )
    if limit >= minimum_share or limit >= (needed := minimum_share * recognition.reference()):
        return None
    return GateDecision(
        False,
        f"rejected: it recognises too little: {measured}, and {needed:.0%} are needed, because a "
        "reference recogniser trained on the same images gets "
        f"{needed / minimum_share:.0%}: train another model",
    )


def check_comparisons(
    comparisons: Comparisons, tolerances: Mapping[str, float], minimum_images: int
) -> GateDecision:
    """Promote a candidate that is not significantly worse in any part than its tolerance.

    A loss rejects the candidate if it is larger than the part's tolerance, and the paired interval
    of the difference excludes zero. All held-out images together are one more part, with the
    largest tolerance of the others.

    Args:
        comparisons: Comparison by part: of held-out images, and of a cross-validation.
        tolerances: By part, how much accuracy the candidate may lose, in [0, 1].
        minimum_images: Parts with fewer images are ignored, except for the cross-validation; if
            none is left, the candidate is rejected.

    Returns:
        The decision; its reason contains all comparisons.
    """
    large_enough = _large_enough(comparisons, minimum_images)
    if not large_enough:
        counts = ", ".join(f"{c.images} {part}" for part, c in comparisons.items()) or "none"
        return GateDecision(
            False,
            f"rejected: too few images that neither model was trained on ({counts}; "
            f"{minimum_images} are needed)",
        )
    summary = "; ".join(f"{part}: {comparison}" for part, comparison in large_enough.items())
    for part, comparison in large_enough.items():
        tolerance = tolerances.get(part, max(tolerances.values()))
        if comparison.difference < -tolerance and comparison.interval[1] < 0:
            loss = f"{100 * tolerance:g}%"
            return GateDecision(
                False, f"rejected: worse than production by more than {loss} ({summary})"
            )
    return GateDecision(True, f"promoted: no worse than production ({summary})")


def needs_cross_validation(comparisons: Comparisons) -> bool:
    """Return whether there are too few held-out images for a powerful comparison.

    Args:
        comparisons: Comparison by part of the held-out images.
    """
    return sum(comparison.images for comparison in comparisons.values()) < POWERFUL_IMAGES


def _large_enough(comparisons: Comparisons, minimum_images: int) -> dict[str, Comparison]:
    """Select the parts that can decide, and add all held-out images together."""
    held_out = {part: c for part, c in comparisons.items() if part != CROSS_VALIDATED and c.images}
    parts = dict(held_out)
    if len(held_out) > 1:
        parts[ALL] = sum(held_out.values(), Comparison(0, 0, 0, 0, 0))
    parts = {part: c for part, c in parts.items() if c.images >= minimum_images}
    crossed = comparisons.get(CROSS_VALIDATED)
    return parts | ({CROSS_VALIDATED: crossed} if crossed and crossed.images else {})
