"""Time of what is computed for each person, by number of people.

python -m benchmarks.growth
"""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from faces.evaluation.cross_validation import person_folds
from faces.evaluation.open_set import _hold_out_per_person
from faces.evaluation.person_tests import Answers, accepted, lost
from faces.models.estimators.discriminants import CosineNearestMean

PEOPLE = (500, 1_000, 4_000)
IMAGES_PER_PERSON, FEATURES = 5, 199
WRONG = 0.1
"""Share of wrong answers."""


def main() -> None:
    """Print a table in Markdown."""
    columns = (
        "class means",
        "held-out images",
        "folds",
        "lost people",
        "people accepted as others",
    )
    print(f"| people | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for people in PEOPLE:
        print(f"| {people:,} | {' | '.join(f'{seconds:.3f}' for seconds in measure(people))} |")


def measure(people: int) -> list[float]:
    """Return the seconds of each computation."""
    rng = np.random.default_rng(0)
    labels = np.repeat([f"person-{number:05d}" for number in range(people)], IMAGES_PER_PERSON)
    rows = rng.normal(size=(len(labels), FEATURES))

    def answers() -> NDArray[np.str_]:
        return np.where(rng.random(len(labels)) < WRONG, rng.permutation(labels), labels)

    both = Answers(labels, answers(), answers())
    work: list[Callable[[], object]] = [
        lambda: CosineNearestMean().fit(rows, labels),
        lambda: _hold_out_per_person(labels, np.arange(len(labels)), rng),
        lambda: person_folds(labels),
        lambda: list(lost(both)),
        lambda: list(accepted(both)),
    ]
    return [_seconds(function) for function in work]


def _seconds(function: Callable[[], object]) -> float:
    began = time.process_time()
    function()
    return time.process_time() - began


if __name__ == "__main__":
    main()
