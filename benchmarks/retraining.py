"""What retraining gives: accuracy on held-out turned heads before and after, over many splits.

    python -m benchmarks.retraining

As the loop does it: the model learns frontal heads; turned ones come as traffic, of which all
labels are known; it learns them; it is measured on turned heads that it never learned.
"""

import argparse

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from faces.conditions import parse_condition
from faces.dataset import Faces, load_faces
from faces.learning import learn
from faces.models import build_model, model_names
from faces.split import Split, split_by_condition
from faces.traffic import traffic_rows
from faces.training import fit_classifier, fit_features

Rows = NDArray[np.integer]
CAME = (20, 40, 60)
TURNED = "yaw=left,right"


def main() -> None:
    """Repeat with other splits, and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--model", choices=model_names(), default="svm")
    given = parser.parse_args()
    faces = load_faces("olivetti")
    condition = parse_condition("yaw=frontal", faces.conditions)
    found = []
    for seed in track(range(given.splits), "retraining"):
        split = split_by_condition(faces, condition, seed=seed)
        found.append([both(faces, split, seed, came, given.model) for came in CAME])
    mean, deviation = np.mean(found, axis=0), np.std(found, axis=0)
    print(f"\n{given.model}, {given.splits} splits, accuracy on held-out turned heads, mean ± sd\n")
    print("| turned heads that came | before | after |\n|---|---|---|")
    for came, means, deviations in zip(CAME, mean, deviation, strict=True):
        cells = [f"{m:.3f} ± {d:.3f}" for m, d in zip(means, deviations, strict=True)]
        print(f"| {came} | {' | '.join(cells)} |")


def both(faces: Faces, split: Split, seed: int, came: int, model: str) -> tuple[float, float]:
    """Accuracy before and after on the turned heads that are still held out afterwards."""
    rows = traffic_rows(faces, split, TURNED, seed)[:came]
    more, anew = learn(faces, split, faces.images[rows], faces.subjects[rows])
    return (
        accuracy(more, split.train, anew.drifted, model),
        accuracy(more, anew.train, anew.drifted, model),
    )


def accuracy(faces: Faces, train: Rows, test: Rows, name: str) -> float:
    """Train on some rows, measure on others."""
    model, part = build_model(name), faces[train]
    features = fit_features(model, part.pixels, part.subjects)
    fitted = fit_classifier(model, features, part.pixels, part.subjects)
    return float((fitted.predict(faces[test].pixels).astype(str) == faces[test].subjects).mean())


if __name__ == "__main__":
    main()
