"""What the promotion gate alone does with wrong labels, if feedback is not verified.

    python -m benchmarks.gate
    python -m benchmarks.gate --model fisher --splits 20

Of the 40 people, 36 are enrolled with frontal heads. Feedback has 30 turned heads, labelled as each
row says; in the last row, six images of a person who is not enrolled are added, labelled as one who
is. The level of the tests was chosen on seeds from 5000 on.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from rich.progress import track
from threadpoolctl import threadpool_limits

from benchmarks.attacks import HONEST, MODELS, OUTSIDERS
from benchmarks.defence import Enrolment, Images, Labels, Loop
from faces.data.conditions import parse_condition
from faces.data.dataset import Faces, load_faces
from faces.data.split import split_by_condition

ATTACK = 6


def main() -> None:
    """Repeat with different splits, and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--splits", type=int, default=50)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--model", choices=MODELS, default="svm")
    args = parser.parse_args()
    faces = load_faces("olivetti")
    seeds = range(args.first_seed, args.first_seed + args.splits)
    rejected: dict[str, list[bool]] = defaultdict(list)
    with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        work = pool.map(partial(run_trial, faces, args.model), seeds)
        for trial in track(work, "retraining", total=len(seeds)):
            for kind, promoted in trial:
                rejected[kind].append(not promoted)
    print(f"\n| feedback ({args.model}, {args.splits} splits) | rejected, % |\n|---|---|")
    for kind, values in rejected.items():
        print(f"| {kind} | {100 * np.mean(values):.0f} |")


def run_trial(faces: Faces, model: str, seed: int) -> list[tuple[str, bool]]:
    """Train production once, and a candidate for every kind of feedback."""
    rng = np.random.default_rng(seed)
    outsiders = rng.choice(faces.identities, OUTSIDERS, replace=False)
    enrolled = faces[np.flatnonzero(~np.isin(faces.labels, outsiders))]
    condition = parse_condition("yaw=frontal", enrolled.conditions)
    enrolment = Enrolment(enrolled, split_by_condition(enrolled, condition, seed=seed))
    attacker = rng.permutation(faces.images[faces.labels == outsiders[0]])[:ATTACK]
    loop = Loop(enrolment, model)
    return [
        (kind, loop.copy().retrain(images, labels).promoted)
        for kind, images, labels in feedback_kinds(enrolment.honest(seed, HONEST), attacker, rng)
    ]


def feedback_kinds(
    honest: Faces, attacker: Images, rng: np.random.Generator
) -> Iterator[tuple[str, Images, Labels]]:
    """Yield honest labels, and wrong ones of each kind."""
    labels, people = honest.labels, np.unique(honest.labels)
    yield "honest", honest.images, labels
    names, counts = np.unique(labels, return_counts=True)
    first = names[counts.argmax()]
    second = rng.choice(people[people != first])
    swapped = np.where(labels == first, second, np.where(labels == second, first, labels))
    yield "two people swapped", honest.images, swapped
    yield "one person called another", honest.images, np.where(labels == first, second, labels)
    for share in (0.1, 0.3, 1.0):
        wrong = labels.copy()
        for row in rng.permutation(len(labels))[: round(share * len(labels))]:
            wrong[row] = rng.choice(people[people != labels[row]])
        yield f"{100 * share:.0f} % wrong at random", honest.images, wrong
    images = np.concatenate([honest.images, attacker])
    yield "six images of an attacker", images, np.r_[labels, [rng.choice(people)] * len(attacker)]


if __name__ == "__main__":
    main()
