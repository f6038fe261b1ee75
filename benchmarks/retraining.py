"""Benefit of retraining, over many splits: accuracy on turned heads, and no repeated alarms.

    python -m benchmarks.retraining

As in the drift detection pipeline: a model is trained on frontal heads; turned heads arrive with
labels and are added to the training set; accuracy is measured on turned heads that were not added.
Alarms: how often drift is detected (α = 0.01) in windows of 20 other faces.
"""

import argparse

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from faces.data.conditions import parse_condition
from faces.data.corruptions import corrupt
from faces.data.dataset import Faces, load_faces
from faces.data.feedback import add_labelled_faces
from faces.data.split import Split, split_by_condition
from faces.data.traffic import traffic_rows
from faces.drift.detectors.moments import DriftDetector
from faces.models import build_model, model_names
from faces.models.protocol import Recogniser
from faces.models.training import fit_classifier, fit_features

Rows = NDArray[np.integer]
ADDED = (20, 40, 60)
TURNED = "yaw=left,right"
WINDOW = 20


def main() -> None:
    """Repeat with different splits, and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--model", choices=model_names(), default="svm")
    args = parser.parse_args()
    faces = load_faces("olivetti")
    condition = parse_condition("yaw=frontal", faces.conditions)
    trials = []
    for seed in track(range(args.splits), "retraining"):
        split = split_by_condition(faces, condition, seed=seed)
        trials.append([run_trial(faces, split, seed, added, args.model) for added in ADDED])
    names = list(trials[0][0])
    print(f"\n{args.model}, {args.splits} splits, mean ± standard deviation\n")
    print(f"| turned heads added | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
    for number, added in enumerate(ADDED):
        cells = []
        for name in names:
            values = [trial[number][name] for trial in trials]
            cells.append(f"{np.mean(values):.3f} ± {np.std(values):.3f}")
        print(f"| {added} | {' | '.join(cells)} |")


def run_trial(faces: Faces, split: Split, seed: int, added: int, model: str) -> dict[str, float]:
    """Measure accuracy and alarms before and after retraining with `added` turned heads."""
    rows = traffic_rows(faces, split, TURNED, seed)[:added]
    more, new_split = add_labelled_faces(faces, split, faces.images[rows], faces.labels[rows])
    previous, new = train(more, split.train, model), train(more, new_split.train, model)
    held_out = more[new_split.drifted]
    figures = {
        "accuracy before": float((predict(previous, held_out.images) == held_out.labels).mean()),
        "accuracy after": float((predict(new, held_out.images) == held_out.labels).mean()),
    }
    rng = np.random.default_rng(seed)
    before, after = fit_detector(more, split.train), fit_detector(more, new_split.train)
    turned = more.images[rng.permutation(new_split.drifted)[:WINDOW]]
    frontal = more.images[rng.permutation(new_split.test)[:WINDOW]]
    for name, detector, fitted, images in (
        ("alarms, turned heads before", before, previous, turned),
        ("alarms, turned heads after", after, new, turned),
        ("alarms, frontal heads after", after, new, frontal),
        ("alarms, blur after", after, new, corrupt("blur", frontal, seed)),
        ("alarms, turned heads with noise after", after, new, corrupt("noise", turned, seed)),
    ):
        figures[name] = float(detector.test(images, predict(fitted, images)).detected)
    return figures


def fit_detector(faces: Faces, rows: Rows) -> DriftDetector:
    """Fit the default detector on training rows, with the windows that were added as groups."""
    return DriftDetector.fit(faces.images[rows], faces.labels[rows], faces.origins[rows])


def train(faces: Faces, rows: Rows, name: str) -> Recogniser:
    """Train a model on some rows."""
    model, part = build_model(name), faces[rows]
    features = fit_features(model, part.pixels, part.labels)
    fitted: Recogniser = fit_classifier(model, features, part.pixels, part.labels)
    return fitted


def predict(model: Recogniser, images: NDArray[np.floating]) -> NDArray[np.str_]:
    """Predict the labels (n,) of images (n, 64, 64)."""
    return model.predict(images.reshape(len(images), -1)).astype(np.str_)


if __name__ == "__main__":
    main()
