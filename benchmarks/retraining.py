"""What retraining gives, over many splits: accuracy on turned heads, and no second alarm for them.

    python -m benchmarks.retraining

As the loop does it: the model learns frontal heads; turned ones come as traffic, of which all
labels are known; it learns them; it is measured on turned heads that it never learned. Alarms: how
often drift is seen (α = 0.01) in windows of 20 other faces afterwards.
"""

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from faces.data.conditions import parse_condition
from faces.data.corruptions import corrupt
from faces.data.dataset import Faces, load_faces
from faces.data.feedback import add_labelled_faces
from faces.data.split import Split, split_by_condition
from faces.data.traffic import traffic_rows
from faces.drift import DriftDetector, DriftVerdict
from faces.models import build_model, model_names
from faces.models.training import fit_classifier, fit_features

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
    args = parser.parse_args()
    faces = load_faces("olivetti")
    condition = parse_condition("yaw=frontal", faces.conditions)
    found = []
    for seed in track(range(args.splits), "retraining"):
        split = split_by_condition(faces, condition, seed=seed)
        found.append([trial(faces, split, seed, came, args.model) for came in CAME])
    names = list(found[0][0])
    print(f"\n{args.model}, {args.splits} splits, mean ± standard deviation\n")
    print(f"| turned heads that came | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
    for number, came in enumerate(CAME):
        cells = []
        for name in names:
            values = [trials[number][name] for trials in found]
            cells.append(f"{np.mean(values):.3f} ± {np.std(values):.3f}")
        print(f"| {came} | {' | '.join(cells)} |")


def trial(faces: Faces, split: Split, seed: int, came: int, model: str) -> dict[str, float]:
    """Accuracy before and after on turned heads still held out, and alarms before and after."""
    rows = traffic_rows(faces, split, TURNED, seed)[:came]
    more, new_split = add_labelled_faces(faces, split, faces.images[rows], faces.labels[rows])
    former, new = train(more, split.train, model), train(more, new_split.train, model)
    truth = more.labels[new_split.drifted]
    figures = {
        name: float((fitted.predict(more[new_split.drifted].pixels).astype(str) == truth).mean())
        for name, fitted in (("accuracy before", former), ("accuracy after", new))
    }
    rng = np.random.default_rng(seed)
    before = DriftDetector.fit(more.images[split.train], more.labels[split.train])
    after = DriftDetector.fit(
        more.images[new_split.train],
        more.labels[new_split.train],
        more.origins[new_split.train],
    )
    turned, frontal = rng.permutation(new_split.drifted)[:20], rng.permutation(new_split.test)[:20]
    for name, detector, fitted, images in (
        ("alarm by turned heads before", before, former, more.images[turned]),
        ("alarm by turned heads after", after, new, more.images[turned]),
        ("alarm by frontal heads after", after, new, more.images[frontal]),
        ("alarm by blur after", after, new, corrupt("blur", more.images[frontal], seed)),
        ("alarm by turn and noise after", after, new, corrupt("noise", more.images[turned], seed)),
    ):
        named = fitted.predict(images.reshape(len(images), -1)).astype(str)
        figures[name] = float(detector.test(images, named).verdict == DriftVerdict.DRIFT)
    return figures


def train(faces: Faces, rows: Rows, name: str) -> Any:
    """The model on some rows."""
    model, part = build_model(name), faces[rows]
    features = fit_features(model, part.pixels, part.labels)
    return fit_classifier(model, features, part.pixels, part.labels)


if __name__ == "__main__":
    main()
