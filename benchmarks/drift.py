"""False alarms and power of the drift detectors, on the real faces and their condition labels.

    python -m benchmarks.drift                    # 300 windows of each kind, about 20 minutes
    python -m benchmarks.drift --windows 60 --plot drift.png

In every repetition a model is trained on 60 % of each person's baseline images. Windows come from
the other baseline images (no drift) and from changed ones. "By identity" means that each face's
features are centred on the recognised identity, with the witness's names of a few misrecognised
faces, as in drift detection. The default detector was chosen on other
repetitions (seeds from 5000 on) of the same 400 images. "Evidently's preset" is DataDriftPreset()
with its defaults, on plain features; "drop in accuracy" has the labels of the whole window.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from scipy.stats import ks_2samp
from threadpoolctl import threadpool_limits

from benchmarks.drift_results import ALPHA, DEFAULT, SIZES, Counts, draw_curves, print_tables
from faces.data.conditions import parse_condition
from faces.data.corruptions import CORRUPTIONS, corrupt
from faces.data.dataset import Faces, load_faces
from faces.drift.accuracy import accuracy_test
from faces.drift.capture_features import NAMES
from faces.drift.confidence import confidence_test
from faces.drift.detectors.mmd import mmd_test
from faces.drift.detectors.moments import DriftDetector, moments_test
from faces.drift.identity_centering import centre_by_identity, design_effect, winsorize
from faces.drift.ks import ks_columns
from faces.drift.witness_opinion import WitnessOpinion, correct_few_names
from faces.evaluation.witness import Witness
from faces.models import build_model
from faces.models.protocol import Recogniser
from faces.models.training import fit_classifier, fit_features

MIXED = {"10 %": 0.1, "30 %": 0.3, "half": 0.5}
BASELINES = {"turned heads": "yaw=frontal", "side light": "lighting=even", "glasses": "glasses=no"}
Rows = NDArray[np.float64]
Outcome = tuple[str, int, str, bool]
"""Kind of window, its size, detector, whether it raised an alarm."""
LabelledWindow = tuple[str, int, NDArray[np.float32], NDArray[np.str_]]
"""Kind of window, its size, images and labels."""


def main() -> None:
    """Run all repetitions, and print tables in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--windows", type=int, default=300, help="number of windows of each kind and size"
    )
    parser.add_argument("--plot", metavar="FILE", help="write curves to this PNG file")
    args = parser.parse_args()
    faces = load_faces("olivetti")
    counts: Counts = defaultdict(list)
    with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        work = pool.map(partial(run_repetition, faces), range(args.windows))
        for outcomes in track(work, "testing windows", total=args.windows):
            for kind, size, detector, alarm in outcomes:
                counts[kind, size, detector].append(alarm)
    print_tables(counts)
    if args.plot:
        Path(args.plot).write_bytes(draw_curves(counts))


def run_repetition(faces: Faces, number: int) -> list[Outcome]:
    """Split the images for each baseline condition, and test windows of every kind."""
    rng = np.random.default_rng(number)
    outcomes: list[Outcome] = []
    for changed, condition in BASELINES.items():
        ((column, values),) = parse_condition(condition, faces.conditions).items()
        baseline = faces.conditions[column].isin(values).to_numpy()
        reference, others, drifted = split(faces, baseline, rng)
        model = train(faces, reference)
        detector = DriftDetector.fit(
            faces.images[reference], faces.labels[reference], seed=number, minimum_people=1
        )
        trial = Trial(faces, reference, detector, model, others, rng)
        for kind, size, images, labels in windows(faces, others, drifted, changed, rng):
            outcomes += [(kind, size, name, alarm) for name, alarm in trial.alarms(images, labels)]
    return outcomes


def split(
    faces: Faces, baseline: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return rows of the reference (60 % of each person's baseline), other baseline, drifted."""
    reference: list[int] = []
    others: list[int] = []
    for person in faces.identities:
        rows = rng.permutation(np.flatnonzero(baseline & (faces.labels == person)))
        if len(rows) >= 3:
            cut = max(2, round(0.6 * len(rows)))
            reference += rows[:cut].tolist()
            others += rows[cut:].tolist()
    known = np.isin(faces.labels, faces.labels[reference])
    return np.array(reference), np.array(others), np.flatnonzero(~baseline & known)


def train(faces: Faces, rows: NDArray[np.intp]) -> Recogniser:
    """Train the default model on the reference."""
    model, part = build_model("svm"), faces[rows]
    features = fit_features(model, part.pixels, part.labels)
    fitted: Recogniser = fit_classifier(model, features, part.pixels, part.labels)
    return fitted


def windows(
    faces: Faces,
    others: NDArray[np.intp],
    drifted: NDArray[np.intp],
    changed: str,
    rng: np.random.Generator,
) -> Iterator[LabelledWindow]:
    """Yield windows of every kind and size for which there are enough images."""
    turned = changed == "turned heads"
    for size in SIZES:
        whole = rng.permutation(drifted)[:size]
        if len(whole) > 0.8 * size:
            yield changed, size, faces.images[whole], faces.labels[whole]
        if not turned or size > len(others):
            continue
        same = rng.permutation(others)[:size]
        yield "no drift", size, faces.images[same], faces.labels[same]
        for name, share in MIXED.items():
            few = round(share * size)
            mixed = np.r_[rng.permutation(drifted)[:few], rng.permutation(others)[: size - few]]
            yield f"{name} {changed}", size, faces.images[mixed], faces.labels[mixed]
        for name in CORRUPTIONS:
            rows = rng.permutation(others)[:size]
            images = corrupt(name, faces.images[rows], int(rng.integers(1 << 30)))
            yield name, size, images, faces.labels[rows]
    if turned:
        for people in (5, 10):
            chosen = rng.choice(np.unique(faces.labels[others]), people, replace=False)
            rows = others[np.isin(faces.labels[others], chosen)]
            yield f"no drift, {people} people", len(rows), faces.images[rows], faces.labels[rows]


class Trial:
    """All detectors, fitted on one reference."""

    def __init__(
        self,
        faces: Faces,
        reference: NDArray[np.intp],
        detector: DriftDetector,
        model: Recogniser,
        others: NDArray[np.intp],
        rng: np.random.Generator,
    ) -> None:
        self.detector, self.model = detector, model
        self.witness = Witness(faces[reference])
        raw = detector.features.measure(faces.images[reference])
        self.mean, self.deviation = raw.mean(axis=0), raw.std(axis=0)
        self.raw = (raw - self.mean) / self.deviation
        self.seed = int(rng.integers(1 << 30))
        baseline = rng.permutation(others)[: len(others) // 2]
        self.baseline_confidence = self.confidence(faces.images[baseline])
        self.baseline_correct = self.predict(faces.images[baseline]) == faces.labels[baseline]

    def predict(self, images: NDArray[np.float32]) -> NDArray[np.str_]:
        """Predict the identity of each image."""
        return self.model.predict(images.reshape(len(images), -1)).astype(np.str_)

    def confidence(self, images: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the largest probability of each image."""
        return np.asarray(self.model.predict_proba(images.reshape(len(images), -1)).max(axis=1))

    def alarms(
        self, images: NDArray[np.float32], labels: NDArray[np.str_]
    ) -> Iterator[tuple[str, bool]]:
        """Yield each detector's name, and whether it raises an alarm."""
        detector = self.detector
        values = detector.features.measure(images)
        raw = (values - self.mean) / self.deviation
        predicted = self.predict(images)
        names = correct_few_names(predicted, WitnessOpinion.ask(self.witness, images))
        rows = winsorize(centre_by_identity(values, names, detector.means), detector.scale)
        for suffix, reference, window in (
            (" by identity", detector.rows, rows), ("", self.raw, raw)
        ):  # fmt: skip
            moments = DEFAULT if suffix else "moments"
            effect = design_effect(names, detector.counts) if suffix else 1.0
            options = detector.test_options(names) if suffix else {}
            result = moments_test(
                reference, window, seed=self.seed, design_effect=effect, **options
            )
            yield moments, result[1] <= ALPHA
            result = mmd_test(reference, window, seed=self.seed, design_effect=effect)
            yield f"MMD{suffix}", result[1] <= ALPHA
            columns = ks_columns(reference, window, NAMES, ALPHA)
            yield f"KS + Bonferroni{suffix}", bool(columns["differs"].any())
        yield "Evidently's preset", evidently_preset(self.raw, raw)
        confidence = confidence_test(self.baseline_confidence, self.confidence(images))
        yield "drop in confidence", confidence.p_value <= ALPHA
        accuracy = accuracy_test(self.baseline_correct, predicted == labels)
        yield "drop in accuracy", accuracy.p_value <= ALPHA


def evidently_preset(reference: Rows, window: Rows) -> bool:
    """Decide as Evidently's DataDriftPreset() does for columns of (m, d) and (n, d), m <= 1,000.

    Drift is detected if at least half of the columns have a Kolmogorov–Smirnov p-value below 0.05.
    Evidently itself would take hours here; a unit test compares both.
    """
    p_values = [ks_2samp(a, b).pvalue for a, b in zip(reference.T, window.T, strict=True)]
    return bool(np.mean(np.array(p_values) < 0.05) >= 0.5)


if __name__ == "__main__":
    main()
