"""How often the promotion gate promotes candidates that are equal, or worse by some points.

    python -m benchmarks.gate_power

A candidate gains 2 % of the baseline images and 8 % of the drifted ones, and loses as many and the
loss of its row. "interval" is the rule of the gate, "point" the same without the interval: any
loss above the tolerance rejects. Other rules, such as the tests of single people, are left out.
"""

import argparse
from collections.abc import Mapping

import numpy as np
from rich.progress import track

from faces.evaluation.accuracy_rules import CROSS_VALIDATED, check_comparisons
from faces.evaluation.comparison import Comparison
from pipelines.drift_detection import SETTINGS as DRIFT
from pipelines.training import SETTINGS as TRAINING

GAINS = {"baseline": 0.02, "drifted": 0.08, CROSS_VALIDATED: 0.02}
LOSSES = (0.0, 0.02, 0.05, 0.1, 0.15)
TRAINING_GATE, RETRAINING_GATE = TRAINING().gate, DRIFT().gate
CASES = {
    "training: 72 baseline, 91 drifted": (TRAINING_GATE, (72, 91, 0)),
    "retraining: 72 baseline, 51 drifted": (RETRAINING_GATE, (72, 51, 0)),
    "no conditions: 100 baseline": (TRAINING_GATE, (100, 0, 0)),
    "10 people with 10 images: 25 baseline, cross-validated": (TRAINING_GATE, (25, 0, 100)),
    "8 people with 5 images: 8 baseline, cross-validated": (TRAINING_GATE, (8, 0, 40)),
    "2 people with 3 images: 2 baseline, cross-validated": (TRAINING_GATE, (2, 0, 6)),
}


def main() -> None:
    """Simulate, and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    header = " | ".join(f"{100 * loss:.0f} points worse" for loss in LOSSES)
    lines = [f"| held-out images | rule | {header} |", "|---" * (2 + len(LOSSES)) + "|"]
    for case, (gate, images) in track(CASES.items(), "simulating"):
        tolerances = gate.tolerances.model_dump()
        promoted = np.zeros((2, len(LOSSES)))
        for column, loss in enumerate(LOSSES):
            for _ in range(args.repeats):
                parts = draw(rng, images, loss)
                decision = check_comparisons(parts, tolerances, gate.minimum_images)
                promoted[:, column] += decision.promoted, not exceeds(parts, tolerances)
        for rule, counts in zip(("interval", "point"), 100 * promoted / args.repeats, strict=True):
            lines.append(f"| {case} | {rule} | {' | '.join(f'{c:.0f}' for c in counts)} |")
    print("\n" + "\n".join(lines))


def draw(
    rng: np.random.Generator, images: tuple[int, int, int], loss: float
) -> dict[str, Comparison]:
    """Draw gained and lost images of each part.

    Args:
        rng: The source of randomness.
        images: Number of images of each part.
        loss: The loss of accuracy, in [0, 1].

    Returns:
        The comparison by part.
    """
    parts = {}
    for (part, gain), n in zip(GAINS.items(), images, strict=True):
        gained, lost, _ = rng.multinomial(n, [gain, gain + loss, 1 - 2 * gain - loss]).tolist()
        parts[part] = Comparison(n, n - lost, n - gained, gained, lost)
    return parts


def exceeds(parts: Mapping[str, Comparison], tolerances: Mapping[str, float]) -> bool:
    """Return whether the loss of accuracy is larger than the tolerance in any part.

    Args:
        parts: The comparison by part.
        tolerances: Accuracy that may be lost, by part.
    """
    return any(
        c.difference < -tolerances.get(part, tolerances["baseline"])
        for part, c in parts.items()
        if c.images
    )


if __name__ == "__main__":
    main()
