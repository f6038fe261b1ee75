"""Verification of feedback: honest labels that are quarantined, attackers' labels that pass.

    python -m benchmarks.feedback

In each repetition, 36 of the 40 people are enrolled with 75 % of their frontal images. Honest
windows are 60 of their other images with true labels. The four others are attackers: each labels
some images of himself as one enrolled person, a random one or the most similar, in a window with
30 honest labels of turned heads. The seeds are not those that the default of `minimum_similarity`
was chosen on (100 to 123).
"""

import argparse
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.retraining import predict, train
from faces.data.conditions import parse_condition
from faces.data.corruptions import corrupt
from faces.data.dataset import Faces, load_faces
from faces.data.feedback import add_labelled_faces
from faces.data.split import Split, split_by_condition
from faces.data.traffic import traffic_rows
from faces.data.window import Window
from faces.evaluation.feedback_verification import FeedbackLimits, verify_feedback
from faces.evaluation.metrics import wilson_interval
from faces.evaluation.witness import Witness
from pipelines.shared.settings import FeedbackSettings

FIRST_SEED = 200
ATTACKERS = 4
HONEST_WINDOW, HONEST_IN_ATTACK = 60, 30
ATTACK_SIZES = (1, 3, 6, 10)
TURNED = "turned heads"
CORRUPTIONS = ("noise", "blur", "brightness", "occlusion", "rotation")
Outcomes = dict[str, list[bool]]
SETTINGS = FeedbackSettings()


def main() -> None:
    """Repeat with different people and splits, and print tables in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--model", default="svm")
    args = parser.parse_args()
    faces = load_faces("olivetti")
    quarantined: Outcomes = defaultdict(list)
    passed: Outcomes = defaultdict(list)
    accuracies = []
    for seed in track(range(FIRST_SEED, FIRST_SEED + args.seeds), "feedback"):
        rng = np.random.default_rng(seed)
        outsiders = rng.permutation(faces.identities)[:ATTACKERS]
        enrolled = faces[np.flatnonzero(~np.isin(faces.labels, outsiders))]
        condition = parse_condition("yaw=frontal", enrolled.conditions)
        split = split_by_condition(enrolled, condition, seed=seed)
        witness = Witness(enrolled[split.train])
        send_honest_labels(witness, enrolled, split, rng, quarantined)
        turned = enrolled[split.drifted]
        for attacker in outsiders:
            attack(witness, turned, faces.images[faces.labels == attacker], rng, passed)
        accuracies.append(retrain(enrolled, split, seed, args.model))
    print_shares("honest labels", "quarantined, % (95 % interval)", quarantined)
    print_shares("attacker's labels", "pass, % (95 % interval)", passed)
    all_labels, verified = np.mean(accuracies, axis=0)
    print(f"\nAccuracy ({args.model}) on turned heads after learning all labels of {HONEST_WINDOW}")
    print(f"honest ones: {all_labels:.3f}; after learning those that are not quarantined: ", end="")
    print(f"{verified:.3f}")


def send_honest_labels(
    witness: Witness, faces: Faces, split: Split, rng: np.random.Generator, outcomes: Outcomes
) -> None:
    """Record which honest labels of each kind of window are quarantined."""
    turned, frontal = faces[split.drifted], faces[split.test]
    windows = {TURNED: turned, "frontal heads": frontal}
    for name, part in windows.items():
        rows = rng.permutation(len(part))[:HONEST_WINDOW]
        outcomes[name] += implausible(witness, part.images[rows], part.labels[rows])
        if name == TURNED:
            for corruption in CORRUPTIONS:
                images = corrupt(corruption, part.images[rows], int(rng.integers(1_000_000)))
                outcomes[f"{name}, {corruption}"] += implausible(witness, images, part.labels[rows])


def attack(
    witness: Witness,
    turned: Faces,
    images: NDArray[np.float32],
    rng: np.random.Generator,
    outcomes: Outcomes,
) -> None:
    """Record which of an attacker's labels pass, for windows with 1, 3, 6 and 10 of them."""
    people = witness.classifier.classes_
    similar = witness.classifier.decision_function(witness.embed(images)).mean(axis=0)
    victims = {"random victim": rng.choice(people), "most similar": people[similar.argmax()]}
    for name, victim in victims.items():
        for size in ATTACK_SIZES:
            honest = rng.permutation(len(turned))[:HONEST_IN_ATTACK]
            own = images[rng.permutation(len(images))[:size]]
            labels = np.concatenate([turned.labels[honest], np.repeat(victim, size)])
            found = implausible(witness, np.concatenate([turned.images[honest], own]), labels)
            outcomes[f"{name}, {size} of {HONEST_IN_ATTACK + size}"] += [
                not quarantined for quarantined in found[HONEST_IN_ATTACK:]
            ]


def implausible(
    witness: Witness, images: NDArray[np.float32], labels: NDArray[np.str_]
) -> list[bool]:
    """Return which labels (n,) are quarantined as implausible."""
    return list(
        witness.assess(images, labels, np.full(len(labels), "")) < SETTINGS.minimum_similarity
    )


def retrain(faces: Faces, split: Split, seed: int, model: str) -> tuple[float, float]:
    """Return the accuracy after learning all of a window's honest labels, and the verified ones."""
    rows = traffic_rows(faces, split, "yaw=left,right", seed)[:HONEST_WINDOW]
    n = len(rows)
    window = Window(
        images=faces.images[rows],
        predicted=faces.labels[rows],
        labels=faces.labels[rows].astype("U20"),
        confidence=np.ones(n),
        versions=np.full(n, "1"),
        times=np.arange(n),
    )
    limits = FeedbackLimits(SETTINGS.minimum_similarity, SETTINGS.maximum_share)
    usable = verify_feedback(window, faces[split.train], limits).usable(window)
    held_out = faces[np.setdiff1d(split.drifted, rows)]
    result = []
    for part in (window, usable):
        learned = part[np.flatnonzero(part.labelled)]
        more, extended = add_labelled_faces(faces, split, learned.images, learned.labels)
        fitted = train(more, extended.train, model)
        result.append(float((predict(fitted, held_out.images) == held_out.labels).mean()))
    return result[0], result[1]


def print_shares(title: str, unit: str, outcomes: Outcomes) -> None:
    """Print the share of each kind as a table in Markdown."""
    print(f"\n| {title} | {unit} | labels |\n|---|---|---|")
    for name, values in outcomes.items():
        low, high = wilson_interval(sum(values), len(values))
        share = 100 * np.mean(values)
        print(f"| {name} | {share:.1f} ({100 * low:.1f}–{100 * high:.1f}) | {len(values)} |")


if __name__ == "__main__":
    main()
