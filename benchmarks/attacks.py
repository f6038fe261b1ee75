"""What the promotion gate does with wrong labels in feedback, and with honest feedback.

    python -m benchmarks.attacks
    python -m benchmarks.attacks --model fisher --splits 20

Of the 40 people, 36 are enrolled with frontal heads. Feedback has 30 turned heads, labelled as each
row says; in an attack, six images of a person who is not enrolled are added, labelled as one who
is. An attack succeeds if the candidate is promoted and recognises half of the attacker's other
images as the victim. Candidates of `fisher` keep the rejection threshold of production. The level
of the tests was chosen on seeds from 5000 on.
"""

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from rich.progress import track
from threadpoolctl import threadpool_limits

from benchmarks.retraining import TURNED, Rows, predict, train
from faces.data.conditions import parse_condition
from faces.data.dataset import Faces, load_faces
from faces.data.feedback import add_labelled_faces
from faces.data.split import Split, split_by_condition
from faces.data.traffic import traffic_rows
from faces.evaluation.comparison import compare_predictions
from faces.evaluation.open_set import fit_rejection_threshold
from faces.evaluation.person_evidence import JUDGE, collect_evidence, train_judge
from faces.evaluation.promotion_gate import check_comparisons, check_people
from faces.models import build_model
from faces.models.export import export_model
from faces.models.protocol import Recogniser
from faces.runtime.portable import PortableModel

HONEST, ATTACK = 30, 6
OUTSIDERS = 4
TOLERANCES = {"baseline": 0.05, "drifted": 0.05}
Labels = np.ndarray
Outcome = tuple[str, bool, bool, bool]
"""Kind of feedback; rejected by totals; rejected by person; whether an attack succeeds."""


def main() -> None:
    """Repeat with different splits, and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--splits", type=int, default=50)
    parser.add_argument("--model", choices=("svm", "fisher"), default="svm")
    args = parser.parse_args()
    faces = load_faces("olivetti")
    outcomes: list[Outcome] = []
    with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        work = pool.map(partial(run_trial, faces, args.model), range(args.splits))
        for trial in track(work, "attacking", total=args.splits):
            outcomes += trial
    print(f"\n{args.model}, {args.splits} splits, rejected candidates in %\n")
    print("| feedback | by totals | by person | by either | attack succeeds |")
    print("|---|---|---|---|---|")
    for kind in dict.fromkeys(outcome[0] for outcome in outcomes):
        rows = np.array([outcome[1:] for outcome in outcomes if outcome[0] == kind])
        figures = [*rows[:, :2].T, rows[:, :2].any(axis=1), rows[:, 2]]
        print(f"| {kind} | {' | '.join(f'{100 * f.mean():.0f}' for f in figures)} |", flush=True)


def run_trial(faces: Faces, model: str, seed: int) -> list[Outcome]:
    """Train production once, and a candidate for every kind of feedback."""
    rng = np.random.default_rng(seed)
    outsiders = rng.choice(faces.identities, OUTSIDERS, replace=False)
    enrolled = faces[np.flatnonzero(~np.isin(faces.labels, outsiders))]
    split = split_by_condition(
        enrolled, parse_condition("yaw=frontal", faces.conditions), seed=seed
    )
    attacker = rng.permutation(np.flatnonzero(faces.labels == outsiders[0]))
    sent = enrolled[traffic_rows(enrolled, split, TURNED, seed)[:HONEST]]
    trial = Trial(enrolled, split, model)
    outcomes: list[Outcome] = []
    for kind, labels in label_kinds(sent.labels, np.array(enrolled.identities), rng):
        by_totals, by_person, _ = trial.decide(sent.images, labels)
        outcomes.append((kind, by_totals, by_person, False))
    victim = str(rng.choice(enrolled.identities))
    images = np.concatenate([sent.images, faces.images[attacker[:ATTACK]]])
    by_totals, by_person, candidate = trial.decide(images, np.r_[sent.labels, [victim] * ATTACK])
    mistaken = predict(candidate, faces.images[attacker[ATTACK:]]) == victim
    succeeds = not (by_totals or by_person) and bool(mistaken.mean() >= 0.5)
    return [*outcomes, ("six images of an attacker", by_totals, by_person, succeeds)]


def label_kinds(
    labels: Labels, people: Labels, rng: np.random.Generator
) -> Iterator[tuple[str, Labels]]:
    """Yield honest labels, and wrong ones of each kind."""
    yield "honest", labels
    names, counts = np.unique(labels, return_counts=True)
    first = names[counts.argmax()]
    second = rng.choice(people[people != first])
    swapped = np.where(labels == first, second, np.where(labels == second, first, labels))
    yield "two people swapped", swapped
    yield "one person called another", np.where(labels == first, second, labels)
    for share in (0.1, 0.3, 1.0):
        wrong = labels.copy()
        for row in rng.permutation(len(labels))[: round(share * len(labels))]:
            wrong[row] = rng.choice(people[people != labels[row]])
        yield f"{100 * share:.0f} % wrong at random", wrong


class Trial:
    """Production and the judge of one split."""

    def __init__(self, faces: Faces, split: Split, model: str) -> None:
        self.faces, self.split, self.model = faces, split, model
        self.production = train(faces, split.train, model)
        enrolled = faces[split.train]
        self.judge = self.production if model == JUDGE else train_judge(enrolled)
        calibration = fit_rejection_threshold(build_model(model), enrolled.pixels, enrolled.labels)
        self.threshold = calibration.rejection_threshold if calibration else None

    def decide(self, images: np.ndarray, labels: Labels) -> tuple[bool, bool, Recogniser]:
        """Return whether totals and people reject a candidate that learns these labels."""
        more, split = add_labelled_faces(self.faces, self.split, images, labels)
        candidate = train(more, split.train, self.model)
        comparisons = {
            part: compare_predictions(*self._predictions(more, rows, candidate))
            for part, rows in (("baseline", split.test), ("drifted", split.drifted))
        }
        evidence = collect_evidence(
            self._export(candidate), self._export(self.production), more, split,
            self.faces.ids[self.split.train], lambda _: self.judge,
        )  # fmt: skip
        totals = check_comparisons(comparisons, TOLERANCES, minimum_images=20)
        return not totals.promoted, check_people(evidence) is not None, candidate

    def _predictions(
        self, faces: Faces, rows: Rows, candidate: Recogniser
    ) -> tuple[Labels, Labels, Labels]:
        images, labels = faces.images[rows], faces.labels[rows]
        return labels, predict(candidate, images), predict(self.production, images)

    def _export(self, model: Recogniser) -> PortableModel:
        return export_model(model, {}, self.threshold)


if __name__ == "__main__":
    main()
