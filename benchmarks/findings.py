"""What drift detection finds in windows of different kinds, and whether it retrains.

Pictures that changed at no cost or at the cost of accuracy, people who are not enrolled, and faces
that are not independent.

    python -m benchmarks.findings                  # 40 windows of each kind, about two minutes
    python -m benchmarks.findings --windows 200

In each repetition, 32 people are enrolled with 60 % of their frontal images, the default model is
trained on them, and the other eight people are unknown. Windows have no labels. They are tested
from 5 images on, so that those of few people are. All limits were chosen on seeds from 5000 on; the
number of a repetition is its seed.
"""

import argparse
import platform
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from io import BytesIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track
from threadpoolctl import threadpool_limits

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces, load_faces
from faces.data.split import split_by_condition
from faces.data.window import Window
from faces.drift.detectors.moments import DriftDetector
from faces.drift.findings import FindingKind, find, is_harmful
from faces.drift.monitoring import assess_window
from faces.evaluation.witness import Witness
from faces.models import build_model
from faces.models.face_check import fit_face_check
from faces.models.protocol import Recogniser
from faces.models.training import fit_classifier, fit_features
from faces.runtime.portable import UNKNOWN

UNKNOWN_PEOPLE, BASELINE, FRAMES, DOMINATING = 8, 40, 5, 0.5
Images = NDArray[np.floating]
Rows = NDArray[np.intp]


def main() -> None:
    """Print a Markdown table: share of windows with each finding, and of those that retrain."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--windows", type=int, default=40, help="number of windows of each kind")
    args = parser.parse_args()
    counts: dict[str, list[tuple[bool, ...]]] = defaultdict(list)
    with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        work = pool.map(run_repetition, range(args.windows))
        for found in track(work, "testing windows", total=args.windows):
            for kind, outcome in found:
                counts[kind].append(outcome)
    print(f"\n{date.today()}, {platform.machine()}, {args.windows} windows of each kind\n")
    print("| window | pictures | population | failure | retrains | nothing is reported |")
    print("|---|---|---|---|---|---|")
    for kind, outcomes in counts.items():
        shares = " | ".join(f"{share:.1%}" for share in np.mean(outcomes, axis=0))
        print(f"| {kind} | {shares} |")


def run_repetition(seed: int) -> list[tuple[str, tuple[bool, ...]]]:
    """Train on one split, and test one window of each kind."""
    rng = np.random.default_rng(seed)
    faces = load_faces("olivetti")
    strange = np.isin(faces.labels, rng.permutation(faces.identities)[:UNKNOWN_PEOPLE])
    frontal = (faces.conditions["yaw"] == "frontal").to_numpy()
    known, unknown = faces[np.flatnonzero(~strange)], faces.images[strange & frontal]
    split = split_by_condition(
        known, parse_condition("yaw=frontal", known.conditions), test_share=0.4, seed=seed
    )
    trial = Trial(known, split.train, rng.permutation(split.test)[:BASELINE])
    others = rng.permutation(np.setdiff1d(split.test, trial.tested))
    turned, unknown = rng.permutation(split.drifted), rng.permutation(unknown)
    usual = np.asarray(known.images[others[:40]])
    outcomes = [
        ("frontal heads", trial.assess(usual)),
        ("JPEG, quality 85", trial.assess(np.stack([compress(image) for image in usual]))),
        ("resized to 92 pixels and back", trial.assess(np.stack([resize(im) for im in usual]))),
        ("noise of one grey level", trial.assess(add_noise(usual, rng))),
    ]
    for name, size, share in (
        ("turned heads, n = 25", 25, 1), ("half turned, n = 50", 50, 0.5),
        ("30 % turned, n = 50", 50, 0.3), ("20 % turned, n = 50", 50, 0.2),
    ):  # fmt: skip
        few = round(share * size)
        rows = np.r_[turned[:few], others[: size - few]]
        outcomes.append((name, trial.assess(np.asarray(known.images[rows]))))
    mixed = np.concatenate([unknown[:8], usual[:32]])
    outcomes.append(("20 % unknown people, n = 40", trial.assess(mixed)))
    half = np.concatenate([unknown[:20], usual[:20]])
    outcomes.append(("half unknown people, n = 40", trial.assess(half)))
    return outcomes + dependent(known, split.train, others, trial, rng)


def dependent(
    faces: Faces, train: Rows, others: Rows, trial: "Trial", rng: np.random.Generator
) -> list[tuple[str, tuple[bool, ...]]]:
    """Test windows of frontal heads that are not independent, or have a small reference."""
    gains = rng.uniform(0.998, 1.002, (25 * FRAMES, 1, 1))
    burst = np.repeat(np.asarray(faces.images[others[:25]]), FRAMES, axis=0) * gains
    outcomes = [("five near-duplicates of 25 images", trial.assess(burst))]
    for number in (5, 10):
        chosen = rng.choice(faces.identities, number, replace=False)
        rows = others[np.isin(faces.labels[others], chosen)]
        outcomes.append((f"{number} people", trial.assess(np.asarray(faces.images[rows]))))
    names, counts = np.unique(faces.labels[others], return_counts=True)
    one = names[counts.argmax()]
    own = others[faces.labels[others] == one]
    rest = others[faces.labels[others] != one][: max(8, round(len(own) / DOMINATING) - len(own))]
    rows = np.r_[own, rest]
    outcomes.append(("one person dominates", trial.assess(np.asarray(faces.images[rows]))))
    two = np.concatenate([train[faces.labels[train] == name][:2] for name in faces.identities])
    small = Trial(faces, two, trial.tested)
    images = np.asarray(faces.images[others[:50]])
    return [*outcomes, ("two training images of each person, n = 50", small.assess(images))]


class Trial:
    """A model, its detector, its baseline test and the witness."""

    def __init__(self, faces: Faces, train: Rows, tested: Rows) -> None:
        part, self.tested = faces[train], tested
        model = build_model("svm")
        features = fit_features(model, part.pixels, part.labels)
        self.model: Recogniser = fit_classifier(model, features, part.pixels, part.labels)
        self.enrolled, self.images = np.asarray(part.images), np.asarray(faces.images[tested])
        detector = DriftDetector.fit(self.enrolled, part.labels)
        self.detector = detector.with_limits(0.01, minimum_images=5, minimum_people=1)
        self.witness = Witness(part)
        check = fit_face_check(part.pixels, part.labels)
        assert check is not None
        self.face_check = check
        predicted, confidence = self.predict(self.images)
        labels = faces.labels[tested]
        columns = {"label": labels, "predicted": predicted, "confidence": confidence}
        self.baseline = pd.DataFrame(columns)

    def predict(self, images: Images) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
        """Return the identity of each image, and the confidence."""
        pixels = images.reshape(len(images), -1).astype(np.float32)
        confidence = self.model.predict_proba(pixels).max(axis=1)
        named = self.model.predict(pixels).astype(np.str_)
        return np.where(self.face_check.accepts(pixels), named, UNKNOWN), np.asarray(confidence)

    def assess(self, images: Images) -> tuple[bool, ...]:
        """Return whether pictures, population or a failure is found, it retrains, or nothing."""
        images = images.astype(np.float32)
        predicted, confidence = self.predict(images)
        window = Window(
            images=images,
            predicted=predicted,
            labels=np.full(len(images), ""),
            confidence=confidence,
            versions=np.full(len(images), "1"),
            times=np.arange(len(images)),
        )
        result = assess_window(
            window, self.detector, self.baseline, self.enrolled, 1, None, self.witness, self.images
        )
        kinds = {finding.kind for finding in find(result)}
        pictures = FindingKind.PICTURES in kinds
        failure = bool(kinds & {FindingKind.CAMERA, FindingKind.MODEL})
        population = FindingKind.POPULATION in kinds
        return pictures, population, failure, pictures and is_harmful(result), not kinds


def compress(image: Images) -> Images:
    """Compress an image as JPEG, quality 85."""
    file = BytesIO()
    Image.fromarray(np.round(image * 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return np.asarray(Image.open(file)) / 255


def resize(image: Images) -> Images:
    """Enlarge an image to 92 pixels, and reduce it again."""
    whole = Image.fromarray(np.round(image * 255).astype(np.uint8))
    larger = whole.resize((92, 92), Image.Resampling.BICUBIC)
    return np.asarray(larger.resize(whole.size, Image.Resampling.BICUBIC)) / 255


def add_noise(images: Images, rng: np.random.Generator) -> Images:
    """Add Gaussian noise of one grey level."""
    return np.asarray(np.clip(images + rng.normal(0, 1 / 255, images.shape), 0, 1))


if __name__ == "__main__":
    main()
