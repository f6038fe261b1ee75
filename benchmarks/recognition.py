"""Accuracy, robustness, open-set recognition and speed of each model on the real faces.

    python -m benchmarks.recognition                              # half an hour on two cores
    python -m benchmarks.recognition --seeds 3 --models svm fisher
    python -m benchmarks.recognition --plot recognition.png

Means and standard deviations over 30 seeds (10 for other conditions and unknown people). All
choices were made on these same 400 images, with seeds from 100 on; reported are seeds from 0 on.
"""

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.progress import track
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from faces.data.conditions import parse_condition
from faces.data.corruptions import CORRUPTIONS, corrupt
from faces.data.dataset import Faces, load_faces
from faces.data.feedback import add_labelled_faces
from faces.data.split import split_by_condition
from faces.data.traffic import traffic_rows
from faces.evaluation.metrics import calibration_error
from faces.evaluation.open_set import threshold_at_tar
from faces.models import build_model, model_names
from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features, without_calibration
from faces.reports.png import as_png
from faces.runtime.portable import write_portable

IMAGES_PER_PERSON = (1, 2, 3, 5, 8)
"""Training images per person."""

DRIFTS = {
    "turned": ("yaw=frontal", "yaw=left,right"),
    "side light": ("lighting=even", "lighting=left,right,dark"),
    "glasses": ("glasses=no", "glasses=yes"),
}
"""Conditions to train on, and conditions of production."""

FEWER_SEEDS = 10
"""Seeds of the slower measurements: other conditions and unknown people."""

FEEDBACK_IMAGES = 40
KNOWN_PEOPLE = 30
PUBLISHED = {"SOM + CNN (Lawrence et al. 1997)": 96.2, "eigenfaces (Lawrence et al. 1997)": 89.5}
"""Accuracy in % at five training images per person."""

Rows = NDArray[np.integer]
Metrics = dict[str, float]
Results = dict[tuple[str, str], list[float]]
"""By model and metric, the values of all seeds."""


def main() -> None:
    """Measure every model with every seed, then print tables in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--models", nargs="+", choices=model_names(), default=model_names())
    parser.add_argument("--plot", metavar="FILE", help="plot accuracy by number of images")
    args = parser.parse_args()
    faces = load_faces("olivetti")
    results: Results = defaultdict(list)
    trials = list(product(args.models, range(args.seeds)))
    with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        work = pool.map(partial(trial, faces), *zip(*trials, strict=True))
        for (name, _), metrics in zip(trials, track(work, "measuring", len(trials)), strict=False):
            for metric, value in metrics.items():
                results[name, metric].append(value)
    print_tables(args.models, results)
    print_costs(args.models, faces)
    if args.plot:
        Path(args.plot).write_bytes(plot_accuracy(args.models, results))


def trial(faces: Faces, name: str, seed: int) -> Metrics:
    """Measure one model with one seed."""
    metrics: Metrics = {}
    for each in IMAGES_PER_PERSON:
        train, test = sample_per_person(faces, faces.identities, each, seed)
        model = fit(name, faces, train, calibrated=each > 1)
        metrics[f"{each}"] = accuracy(model, faces.pixels[test], faces.labels[test])
        if each == 5:
            metrics |= at_five(model, faces, test, seed)
    if seed < FEWER_SEEDS:
        metrics |= other_conditions(faces, name, seed) | unknown_people(faces, name, seed)
    return metrics


def at_five(model: Any, faces: Faces, test: Rows, seed: int) -> Metrics:
    """Measure calibration, and accuracy on corrupted images."""
    probabilities = model.predict_proba(faces.pixels[test])
    correct = model.classes_[probabilities.argmax(axis=1)].astype(str) == faces.labels[test]
    metrics = {"ECE": calibration_error(probabilities.max(axis=1), correct)}
    for corruption in CORRUPTIONS:
        images = corrupt(corruption, faces.images[test], seed).astype(np.float32)
        metrics[corruption] = accuracy(model, images.reshape(len(test), -1), faces.labels[test])
    return metrics


def other_conditions(faces: Faces, name: str, seed: int) -> Metrics:
    """Measure accuracy on other conditions, before and after training on some of their images."""
    metrics: Metrics = {}
    for title, (trained_on, production) in DRIFTS.items():
        condition = parse_condition(trained_on, faces.conditions)
        split = split_by_condition(faces, condition, seed=seed)
        rows = traffic_rows(faces, split, production, seed)[:FEEDBACK_IMAGES]
        more, new_split = add_labelled_faces(faces, split, faces.images[rows], faces.labels[rows])
        test = more[new_split.drifted]
        for when, train in (("before", split.train), ("after", new_split.train)):
            model = fit(name, more, train)
            metrics[f"{title}, {when}"] = accuracy(model, test.pixels, test.labels)
    return metrics


def unknown_people(faces: Faces, name: str, seed: int) -> Metrics:
    """Measure open-set recognition: 30 people known by seven images each, ten unknown people."""
    people = np.random.default_rng(seed).permutation(faces.identities)
    train, test = sample_per_person(faces, people[:KNOWN_PEOPLE].tolist(), 7, seed)
    portable = export_model(fit(name, faces, train), {})
    unknown_rows = np.flatnonzero(~np.isin(faces.labels, people[:KNOWN_PEOPLE]))
    known, unknown = (
        portable.predict_with_score(faces.pixels[rows])[1] for rows in (test, unknown_rows)
    )
    calibration = threshold_at_tar(known, unknown, 0.95)
    return {"AUROC": calibration.auroc, "FAR": calibration.false_accept_rate}


def sample_per_person(faces: Faces, people: list[str], each: int, seed: int) -> tuple[Rows, Rows]:
    """Return the rows of `each` random images per person to train on, and of their others."""
    rng = np.random.default_rng(seed)
    own = [rng.permutation(np.flatnonzero(faces.labels == name)) for name in people]
    return np.concatenate([o[:each] for o in own]), np.concatenate([o[each:] for o in own])


def fit(name: str, faces: Faces, train: Rows, calibrated: bool = True) -> Pipeline:
    """Fit a model on some rows; one image per person is too few for calibration."""
    model, part = build_model(name), faces[train]
    if not calibrated:
        model = without_calibration(model)
    features = fit_features(model, part.pixels, part.labels)
    return fit_classifier(model, features, part.pixels, part.labels)


def accuracy(model: Any, pixels: NDArray[np.float32], labels: NDArray[np.str_]) -> float:
    """Return the share of correct predictions."""
    return float((model.predict(pixels).astype(str) == labels).mean())


def print_tables(models: list[str], results: Results) -> None:
    """Print accuracy by number of images, robustness, other conditions, and open-set metrics."""
    for title, metrics in (
        ("Accuracy in %, by training images per person:", [str(n) for n in IMAGES_PER_PERSON]),
        (
            "Accuracy in % on corrupted images, with five training images per person:",
            list(CORRUPTIONS),
        ),
        (
            "Accuracy in % on drifted images, before and after training on up to "
            f"{FEEDBACK_IMAGES} of them:",
            [f"{title}, {when}" for title in DRIFTS for when in ("before", "after")],
        ),
        (
            "Calibration error, AUROC of known against unknown people, and FAR at 95 % TAR, in %:",
            ["ECE", "AUROC", "FAR"],
        ),
    ):
        print(f"\n{title}\n\n| model | {' | '.join(metrics)} |\n|{'---|' * (len(metrics) + 1)}")
        for name in models:
            cells = [100 * np.array(results[name, metric]) for metric in metrics]
            cells_text = [f"{cell.mean():.1f} ± {cell.std():.1f}" for cell in cells]
            print(f"| {name} | {' | '.join(cells_text)} |")


def print_costs(models: list[str], faces: Faces) -> None:
    """Print seconds to fit all 400, prediction times, and model sizes; on one thread."""
    sizes = (1, 256, 10_000)
    print(
        "\nAll 400 faces, one thread: fit in s, prediction of n faces in ms, "
        "size of the portable model in kB:\n"
    )
    print(f"| model | fit | {' | '.join(f'{n:,}' for n in sizes)} | size |\n|{'---|' * 6}")
    with threadpool_limits(1):
        for name in models:
            began = time.perf_counter()
            portable = export_model(fit(name, faces, np.arange(len(faces))), {})
            cells = [f"{time.perf_counter() - began:.2f}"]
            for n in sizes:
                pixels = np.resize(faces.pixels, (n, faces.pixels.shape[1]))
                cells.append(f"{1000 * min(_times(portable, pixels)):.3g}")
            cells.append(f"{len(write_portable(portable)) / 1000:,.0f}")
            print(f"| {name} | {' | '.join(cells)} |")


def _times(model: Any, pixels: NDArray[np.float32]) -> Iterator[float]:
    for _ in range(200 if len(pixels) == 1 else 3):
        began = time.process_time()
        model.predict_with_score(pixels)
        yield time.process_time() - began


def plot_accuracy(models: list[str], results: Results) -> bytes:
    """Plot accuracy against the number of training images per person, with published results."""
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axis = figure.subplots()
    for name in models:
        values = [100 * np.array(results[name, str(each)]) for each in IMAGES_PER_PERSON]
        means, deviations = np.array([(v.mean(), v.std()) for v in values]).T
        axis.errorbar(
            IMAGES_PER_PERSON, means, deviations, fmt="o-", capsize=3, markersize=4, label=name
        )
    for (label, value), mark in zip(PUBLISHED.items(), "*X", strict=True):
        axis.plot(5, value, mark, markersize=11, color="#444", label=label)
    axis.set(
        xlabel="training images per person",
        ylabel="accuracy in %",
        xticks=IMAGES_PER_PERSON,
        ylim=(50, 101),
    )
    axis.legend(frameon=False, fontsize=8, loc="lower right")
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(alpha=0.25)
    return as_png(figure)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    main()
