"""How well each model recognises, on the real faces; and how fast it is.

    python -m benchmarks.recognition                              # half an hour on two cores
    python -m benchmarks.recognition --seeds 3 --models svm fisher
    python -m benchmarks.recognition --picture recognition.png

Means and standard deviations over 30 seeds (10 for other conditions and strangers). All choices
were made on these same 400 images, with seeds from 100 on; reported are the seeds from 0 on.
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
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from faces.data.conditions import parse_condition
from faces.data.corruptions import CORRUPTIONS, corrupt
from faces.data.dataset import Faces, load_faces
from faces.data.feedback import add_labelled_faces
from faces.data.split import split_by_condition
from faces.data.traffic import traffic_rows
from faces.evaluation.metrics import calibration_error
from faces.models import build_model, model_names
from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features
from faces.reports.plots import as_png
from faces.runtime.portable import write_portable

IMAGES_PER_PERSON = (1, 2, 3, 5, 8)
"""Training images a person."""

DRIFTS = {
    "turned": ("yaw=frontal", "yaw=left,right"),
    "side light": ("lighting=even", "lighting=left,right,dark"),
    "glasses": ("glasses=no", "glasses=yes"),
}
"""What is trained on, and what comes then."""

FEWER_SEEDS, CAME, KNOWN = 10, 40, 30
PUBLISHED = {"SOM + CNN (Lawrence et al. 1997)": 96.2, "eigenfaces (Lawrence et al. 1997)": 89.5}
"""At five training images a person."""

Rows = NDArray[np.integer]
Found = dict[str, float]


def main() -> None:
    """Repeat, then print tables in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--models", nargs="+", choices=model_names(), default=model_names())
    parser.add_argument("--picture", metavar="FILE", help="draw accuracy by number of images there")
    args = parser.parse_args()
    faces = load_faces("olivetti")
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    trials = list(product(args.models, range(args.seeds)))
    with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        work = pool.map(partial(trial, faces), *zip(*trials, strict=True))
        for (name, _), figures in zip(trials, track(work, "trying", len(trials)), strict=False):
            for figure, value in figures.items():
                found[name, figure].append(value)
    print_tables(args.models, found)
    print_costs(args.models, faces)
    if args.picture:
        Path(args.picture).write_bytes(draw(args.models, found))


def trial(faces: Faces, name: str, seed: int) -> Found:
    """Every figure of one model with one seed."""
    found: Found = {}
    for each in IMAGES_PER_PERSON:
        train, test = some_of_each(faces, faces.identities, each, seed)
        model = fit(name, faces, train, calibrated=each > 1)
        found[f"{each}"] = right(model, faces.pixels[test], faces.labels[test])
        if each == 5:
            found |= at_five(model, faces, test, seed)
    if seed < FEWER_SEEDS:
        found |= conditions(faces, name, seed) | strangers(faces, name, seed)
    return found


def at_five(model: Any, faces: Faces, test: Rows, seed: int) -> Found:
    """Calibration, and accuracy on corrupted images."""
    odds = model.predict_proba(faces.pixels[test])
    correct = model.classes_[odds.argmax(axis=1)].astype(str) == faces.labels[test]
    found = {"ECE": calibration_error(odds.max(axis=1), correct)}
    for corruption in CORRUPTIONS:
        images = corrupt(corruption, faces.images[test], seed).astype(np.float32)
        found[corruption] = right(model, images.reshape(len(test), -1), faces.labels[test])
    return found


def conditions(faces: Faces, name: str, seed: int) -> Found:
    """Trained on one condition: accuracy on the others before, and after some were learned."""
    found: Found = {}
    for title, (trained_on, came) in DRIFTS.items():
        condition = parse_condition(trained_on, faces.conditions)
        split = split_by_condition(faces, condition, seed=seed)
        rows = traffic_rows(faces, split, came, seed)[:CAME]
        more, new_split = add_labelled_faces(faces, split, faces.images[rows], faces.labels[rows])
        test = more[new_split.drifted]
        for when, train in (("before", split.train), ("after", new_split.train)):
            model = fit(name, more, train)
            found[f"{title}, {when}"] = right(model, test.pixels, test.labels)
    return found


def strangers(faces: Faces, name: str, seed: int) -> Found:
    """Thirty people are known, seven images each; ten are not. The score tells them apart."""
    people = np.random.default_rng(seed).permutation(faces.identities)
    train, test = some_of_each(faces, people[:KNOWN].tolist(), 7, seed)
    portable = export_model(fit(name, faces, train), {})
    strange = ~np.isin(faces.labels, people[:KNOWN])
    known, others = (portable.predict_with_score(faces.pixels[part])[1] for part in (test, strange))
    truth = np.r_[np.ones(len(known)), np.zeros(len(others))]
    accepts = (others >= np.quantile(known, 0.05)).mean()
    return {"AUROC": float(roc_auc_score(truth, np.r_[known, others])), "FPR": float(accepts)}


def some_of_each(faces: Faces, people: list[str], each: int, seed: int) -> tuple[Rows, Rows]:
    """Rows of so many images of each person to train on, and of their others."""
    rng = np.random.default_rng(seed)
    own = [rng.permutation(np.flatnonzero(faces.labels == name)) for name in people]
    return np.concatenate([o[:each] for o in own]), np.concatenate([o[each:] for o in own])


def fit(name: str, faces: Faces, train: Rows, calibrated: bool = True) -> Pipeline:
    """The model on some rows; of one image a person nothing can be calibrated."""
    model, part = build_model(name), faces[train]
    last, classifier = model.steps[-1]
    if not calibrated and isinstance(classifier, CalibratedClassifierCV):
        model.steps[-1] = (last, classifier.estimator)
    features = fit_features(model, part.pixels, part.labels)
    return fit_classifier(model, features, part.pixels, part.labels)


def right(model: Any, pixels: NDArray[np.float32], labels: NDArray[np.str_]) -> float:
    """Share of images that are named rightly."""
    return float((model.predict(pixels).astype(str) == labels).mean())


def print_tables(models: list[str], found: dict[tuple[str, str], list[float]]) -> None:
    """Accuracy by number of images; robustness; turned heads, strangers and calibration."""
    for title, figures in (
        ("Accuracy in %, by training images a person", [str(each) for each in IMAGES_PER_PERSON]),
        ("Accuracy in %, five images a person, corrupted", list(CORRUPTIONS)),
        (
            f"Accuracy in %, before and after up to {CAME} were learned",
            [f"{title}, {when}" for title in DRIFTS for when in ("before", "after")],
        ),
        (
            "In %: calibration error; strangers' area under the ROC, and how many of them are "
            "accepted where 95 % of the known are",
            ["ECE", "AUROC", "FPR"],
        ),
    ):
        print(f"\n{title}\n\n| model | {' | '.join(figures)} |\n|{'---|' * (len(figures) + 1)}")
        for name in models:
            cells = [100 * np.array(found[name, figure]) for figure in figures]
            cells_text = [f"{cell.mean():.1f} ± {cell.std():.1f}" for cell in cells]
            print(f"| {name} | {' | '.join(cells_text)} |")


def print_costs(models: list[str], faces: Faces) -> None:
    """Time to fit all 400, to answer, and the size of the portable model; on one thread."""
    sizes = (1, 256, 10_000)
    print("\nAll 400 faces, one thread: fitting in s, answering in ms, the portable model in kB\n")
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


def draw(models: list[str], found: dict[tuple[str, str], list[float]]) -> bytes:
    """Accuracy against the number of training images a person, with published figures."""
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axis = figure.subplots()
    for name in models:
        values = [100 * np.array(found[name, str(each)]) for each in IMAGES_PER_PERSON]
        means, deviations = np.array([(v.mean(), v.std()) for v in values]).T
        axis.errorbar(
            IMAGES_PER_PERSON, means, deviations, fmt="o-", capsize=3, markersize=4, label=name
        )
    for (label, value), mark in zip(PUBLISHED.items(), "*X", strict=True):
        axis.plot(5, value, mark, markersize=11, color="#444", label=label)
    axis.set(
        xlabel="training images a person",
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
