"""Attacks through feedback that succeed against all defences, and what the defences cost.

    python -m benchmarks.attacks
    python -m benchmarks.attacks --seeds 10 --first-seed 5000 --models svm
    python -m benchmarks.attacks --results attacks.jsonl
    python -m benchmarks.attacks --cost-only --models svm

A seed takes 13 s of CPU time, and 3 s with `--cost-only`: honest feedback, without attacks. With
`--results`, the outcomes of each seed are added to a file, and seeds that the file has are not run
again: a run can be interrupted and continued.

Of the 40 people, 36 are enrolled with frontal heads. An attacker who is not enrolled sends faces of
himself, labelled as a victim who is, together with 30 honest labels of turned heads in each window:

- random victim, similar victim: all faces in one window. The similar victim is the person whom the
  witness finds most similar to the attacker.
- no token: as the similar victim, but at an endpoint without tokens, where all labels, honest ones
  included, have the same sender. In the other attacks, the attacker has a token for feedback.
- drip: 20 windows, each with one of the faces in turn, and noise that makes it another image;
  similar victim.
- flood: one window in which each face is sent ten times, with noise; similar victim.

Every window goes through the verification of feedback, retraining and the promotion gate, as in the
pipeline. An attack succeeds if a promoted model names at least half of four other images of the
attacker as the victim, and the model before all feedback did not. An attacker has ten images, so he
sends six of them and, for ten faces, four mirrored ones. The honest labels of each of the 20
windows are drawn from about 55 images. A window without an attacker's label that passes is learned
together with the next one that has one.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from rich.progress import track
from threadpoolctl import threadpool_limits

from benchmarks.defence import Enrolment, Images, Loop, make_window
from benchmarks.retraining import predict
from faces.data.conditions import parse_condition
from faces.data.dataset import Faces, load_faces
from faces.data.split import split_by_condition
from faces.evaluation.metrics import wilson_interval
from faces.evaluation.witness import ANONYMOUS

MODELS = ("svm", "fisher")
SIZES = (1, 3, 6, 10)
HONEST = 30
OUTSIDERS, UNSEEN = 4, 4
DRIP_WINDOWS, FLOOD_COPIES = 20, 10
NOISE = 0.01
ATTACKER, NO_TOKEN = "attacker", "no token"
ACCURACIES = ("accuracy before", "accuracy after all", "accuracy after verified")
Outcome = tuple[str, str, float, float]
"""Model; row of the table; two figures."""


def main() -> None:
    """Repeat with different people and splits, and print tables in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--cost-only", action="store_true", help="only honest feedback")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path, help="a file to add outcomes to, JSON lines")
    args = parser.parse_args()
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    results = read_results(args.results, seeds) if args.results else {}
    missing = [seed for seed in seeds if seed not in results]
    sizes = () if args.cost_only else SIZES
    run = partial(run_seed, load_faces("olivetti"), args.models, sizes)
    with ProcessPoolExecutor(args.processes, None, threadpool_limits, (1,)) as pool:
        work = zip(missing, pool.map(run, missing), strict=True)
        for seed, outcomes in track(work, "attacking", total=len(missing)):
            results[seed] = outcomes
            if args.results:
                append_result(args.results, seed, outcomes)
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for model, row, *figures in (outcome for seed in seeds for outcome in results[seed]):
        found[model, row].append((figures[0], figures[1]))
    for model in args.models:
        print_tables(model, {row: np.array(f) for (m, row), f in found.items() if m == model})


def read_results(path: Path, seeds: Collection[int]) -> dict[int, list[Outcome]]:
    """Read the outcomes of seeds that an earlier run has added to a file."""
    if not path.exists():
        return {}
    records = map(json.loads, path.read_text().splitlines())
    return {r["seed"]: list(map(tuple, r["outcomes"])) for r in records if r["seed"] in seeds}


def append_result(path: Path, seed: int, outcomes: list[Outcome]) -> None:
    """Add the outcomes of a seed to a file."""
    with path.open("a") as file:
        file.write(json.dumps({"seed": seed, "outcomes": outcomes}) + "\n")


def print_tables(model: str, rows: dict[str, np.ndarray]) -> None:
    """Print what the defences cost, and the attacks that succeed."""
    honest, capped = rows.pop("honest").sum(axis=0), rows.pop("capped").sum(axis=0)
    before, plain, defended = (rows.pop(name) for name in ACCURACIES)
    seeds, promoted = len(plain), defended[:, 1] == 1
    lost = 100 * (plain[:, 0] - defended[:, 0])
    print(f"\n{model}, {seeds} seeds. Of {honest[0]:.0f} honest labels, ", end="")
    print(f"{100 * honest[1] / honest[0]:.2f} % are quarantined as not plausible, ", end="")
    print(f"and {100 * capped[1] / honest[0]:.2f} % because of the cap.")
    print(f"Accuracy on other turned heads: {before[:, 0].mean():.3f} before retraining, ", end="")
    print(f"{plain[:, 0].mean():.3f} without defences, {defended[:, 0].mean():.3f} with them.")
    print(
        f"All defences together cost {lost.mean():.2f} ± {standard_error(lost):.2f} points. ",
        end="",
    )
    print(f"The gate rejects {seeds - promoted.sum()} of {seeds} honest candidates; ", end="")
    print(f"if it does not, the other defences cost {lost[promoted].mean():.2f} ± ", end="")
    print(f"{standard_error(lost[promoted]):.2f} points.")
    kinds = dict.fromkeys(row.partition(", ")[0] for row in rows)
    if not kinds:
        return
    for title, column in (("labels that pass", 0), ("attacks that succeed", 1)):
        print(f"\n| {title}, % | {' | '.join(faces_of(size) for size in SIZES)} |")
        print("|---" * (len(SIZES) + 1) + "|")
        for kind in kinds:
            shares = [rows[f"{kind}, {faces_of(size)}"][:, column].mean() for size in SIZES]
            bounds = (wilson_interval(round(share * seeds), seeds) for share in shares)
            cells = [f"{100 * share:.1f}" for share in shares]
            if column:
                ends = [f" ({100 * low:.1f}–{100 * high:.1f})" for low, high in bounds]
                cells = [cell + end for cell, end in zip(cells, ends, strict=True)]
            print(f"| {kind} | {' | '.join(cells)} |", flush=True)


def standard_error(values: np.ndarray) -> float:
    """Return the standard error of a mean."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def faces_of(size: int) -> str:
    """Return the title of a column."""
    return f"{size} face{'s' * (size > 1)}"


def run_seed(faces: Faces, models: Sequence[str], sizes: Sequence[int], seed: int) -> list[Outcome]:
    """Run attacks of these sizes with one split and one attacker, and honest feedback."""
    rng = np.random.default_rng(seed)
    outsiders = rng.choice(faces.identities, OUTSIDERS, replace=False)
    enrolled = faces[np.flatnonzero(~np.isin(faces.labels, outsiders))]
    condition = parse_condition("yaw=frontal", enrolled.conditions)
    enrolment = Enrolment(enrolled, split_by_condition(enrolled, condition, seed=seed))
    images = rng.permutation(faces.images[faces.labels == outsiders[0]])
    victims = rng.choice(enrolled.identities), most_similar(enrolment, images[UNSEEN:])
    outcomes: list[Outcome] = []
    for model in models:
        loop = Loop(enrolment, model)
        outcomes += [(model, *outcome) for outcome in run_honest(loop, seed)]
        for size in sizes:
            own = images[UNSEEN : UNSEEN + size]
            own = np.concatenate([own, own[: size - len(own), :, ::-1]])
            for kind, victim, windows in strategies(enrolment, own, victims, seed):
                row = f"{kind}, {faces_of(size)}"
                sender = ANONYMOUS if kind == NO_TOKEN else ATTACKER
                figures = attack(loop.copy(), images[:UNSEEN], victim, windows, sender)
                outcomes.append((model, row, *figures))
    return outcomes


def most_similar(enrolment: Enrolment, images: Images) -> str:
    """Return the enrolled person whom the witness finds most similar."""
    witness = enrolment.witness
    similarity = witness.classifier.decision_function(witness.embed(images)).mean(axis=0)
    return str(witness.classifier.classes_[similarity.argmax()])


def strategies(
    enrolment: Enrolment, own: Images, victims: tuple[str, str], seed: int
) -> Iterator[tuple[str, str, list[tuple[Faces, Images]]]]:
    """Yield name, victim, and honest and attacker's images of each window."""
    rng = np.random.default_rng(seed)
    honest = enrolment.honest(seed, HONEST)
    available = enrolment.honest(seed, len(enrolment.faces))
    random, similar = victims
    yield "random victim", random, [(honest, own)]
    yield "similar victim", similar, [(honest, own)]
    yield NO_TOKEN, similar, [(honest, own)]
    drip = []
    for number in range(DRIP_WINDOWS):
        part = available[rng.permutation(len(available))[:HONEST]]
        drip.append((part, add_noise(own[[number % len(own)]], rng)))
    yield "drip", similar, drip
    copies = add_noise(np.repeat(own, FLOOD_COPIES, axis=0), rng)
    yield "flood", similar, [(honest, copies)]


def add_noise(images: Images, rng: np.random.Generator) -> Images:
    """Return images that differ slightly from the given ones."""
    noisy = images + rng.normal(0, NOISE, images.shape)
    return np.clip(noisy, 0, 1).astype(np.float32)


def attack(
    loop: Loop, unseen: Images, victim: str, windows: list[tuple[Faces, Images]], sender: str
) -> tuple[float, float]:
    """Return the share of the attacker's labels that pass, and whether the attack succeeds."""
    named = names_half(loop, unseen, victim)
    passed = sent = 0
    succeeds = False
    for honest, own in windows:
        images = np.concatenate([honest.images, own])
        labels = np.concatenate([honest.labels, np.repeat(victim, len(own))])
        senders = np.repeat([sender and "honest", sender], [len(honest), len(own)])
        window = make_window(images, labels, senders)
        usable = loop.verify(window).usable(window)
        count = int(usable.labelled[len(honest) :].sum())
        learned = usable[usable.labelled]
        loop.remember(window[len(honest) :])
        passed, sent = passed + count, sent + len(own)
        if count:
            promoted = loop.retrain(learned.images, learned.labels).promoted
            succeeds = succeeds or (promoted and not named and names_half(loop, unseen, victim))
        else:
            loop.faces, loop.split = loop.add(learned.images, learned.labels)
    return passed / sent, float(succeeds)


def names_half(loop: Loop, images: Images, victim: str) -> bool:
    """Return whether at least half of the images get the victim's name."""
    return bool((loop.answers(images) == victim).mean() >= 0.5)


def run_honest(loop: Loop, seed: int) -> Iterator[tuple[str, float, float]]:
    """Yield what the defences cost: quarantined honest labels, and accuracy after retraining."""
    honest = loop.enrolment.honest(seed, HONEST)
    window = make_window(honest.images, honest.labels, np.full(len(honest), "honest"))
    result = loop.verify(window)
    capped = result.counts.get("over_cap", 0)
    yield "honest", result.labelled, len(result.quarantined) - capped
    yield "capped", result.labelled, capped
    usable = result.usable(window)
    held_out = loop.faces[np.setdiff1d(loop.split.drifted, np.flatnonzero(
        np.isin(loop.faces.ids, honest.ids)))]  # fmt: skip
    defended, plain = loop.copy(), loop.copy()
    decision = defended.retrain(usable.images[usable.labelled], usable.labels[usable.labelled])
    plain.retrain(honest.images, honest.labels, gate=False)
    for name, state in zip(ACCURACIES, (loop, plain, defended), strict=True):
        accuracy = (predict(state.model, held_out.images) == held_out.labels).mean()
        yield name, float(accuracy), float(decision.promoted)


if __name__ == "__main__":
    main()
