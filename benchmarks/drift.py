"""False alarms and power of the drift detectors, on the real faces and their condition labels.

    python -m benchmarks.drift                    # 300 windows of each kind, a quarter of an hour
    python -m benchmarks.drift --windows 60 --picture drift.png

In every repetition a model is trained on 60 % of each person's baseline images. Windows come from
the other baseline images (no drift) and from changed ones. "by person": each face's statistics less
the mean of the person whom the model names. How the deciding test was chosen: on other repetitions
(seeds from 5000 on) of these same 400 images. "Evidently's preset" is DataDriftPreset() as it
comes, on the plain columns; "drop in accuracy" knows the truth of the whole window.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.progress import track
from scipy.stats import ks_2samp
from threadpoolctl import threadpool_limits

from faces.data.conditions import parse_condition
from faces.data.corruptions import CORRUPTIONS, corrupt
from faces.data.dataset import Faces, load_faces
from faces.drift.accuracy import accuracy_test
from faces.drift.capture_features import NAMES
from faces.drift.confidence import confidence_test
from faces.drift.detector import DriftDetector
from faces.drift.identity_centering import centre_by_identity, winsorize
from faces.drift.ks import ks_columns
from faces.drift.mmd import mmd_test
from faces.drift.moments import moments_test
from faces.evaluation.metrics import wilson_interval
from faces.models import build_model
from faces.models.training import fit_classifier, fit_features
from faces.reports.plots import as_png

ALPHA = 0.01
SIZES = (10, 25, 50, 100)
MIXED = {"10 %": 0.1, "30 %": 0.3, "half": 0.5}
BASELINES = {"turned heads": "yaw=frontal", "side light": "lighting=even", "glasses": "glasses=no"}
DECIDES = "moments by person (decides)"
COMPARED = ("30 % turned heads", "half turned heads")
COLOURS = colormaps["tab20"].colors  # type: ignore[attr-defined]
Rows = NDArray[np.float64]
Outcome = tuple[str, int, str, bool]
"""Kind of window, its size, detector, whether it gave alarm."""


def main() -> None:
    """Repeat, count, and print tables in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--windows", type=int, default=300, help="of each kind and size")
    parser.add_argument("--picture", metavar="FILE", help="draw curves there, as PNG")
    args = parser.parse_args()
    faces = load_faces("olivetti")
    counts: dict[tuple[str, int, str], list[bool]] = defaultdict(list)
    with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        work = pool.map(partial(repetition, faces), range(args.windows))
        for outcomes in track(work, "testing windows", total=args.windows):
            for kind, size, detector, alarm in outcomes:
                counts[kind, size, detector].append(alarm)
    print_tables(counts)
    if args.picture:
        Path(args.picture).write_bytes(draw_curves(counts))


def repetition(faces: Faces, number: int) -> list[Outcome]:
    """One split of the images for each baseline condition, and windows of every kind."""
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
        for kind, size, images, truth in windows(faces, others, drifted, changed, rng):
            outcomes += [(kind, size, name, alarm) for name, alarm in trial.alarms(images, truth)]
    return outcomes


def split(
    faces: Faces, baseline: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the reference (60 % of each person's baseline), its other rows, and the drifted."""
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


def train(faces: Faces, rows: NDArray[np.intp]) -> object:
    """The default model on the reference."""
    model, part = build_model("svm"), faces[rows]
    features = fit_features(model, part.pixels, part.labels)
    return fit_classifier(model, features, part.pixels, part.labels)


def windows(
    faces: Faces,
    others: NDArray[np.intp],
    drifted: NDArray[np.intp],
    changed: str,
    rng: np.random.Generator,
) -> Iterator[tuple[str, int, NDArray[np.float32], NDArray[np.str_]]]:
    """Windows of every kind and size that the images are enough for, and whom they show."""
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
    """All detectors against one reference."""

    def __init__(
        self,
        faces: Faces,
        reference: NDArray[np.intp],
        detector: DriftDetector,
        model: object,
        others: NDArray[np.intp],
        rng: np.random.Generator,
    ) -> None:
        self.detector, self.model = detector, model
        raw = detector.statistics.measure(faces.images[reference])
        self.mean, self.spread = raw.mean(axis=0), raw.std(axis=0)
        self.raw = (raw - self.mean) / self.spread
        self.seed = int(rng.integers(1 << 30))
        kept = rng.permutation(others)[: len(others) // 2]
        self.sure = self.confidence(faces.images[kept])
        self.right = self.name(faces.images[kept]) == faces.labels[kept]

    def name(self, images: NDArray[np.float32]) -> NDArray[np.str_]:
        """Whom the model takes each image for."""
        flat = images.reshape(len(images), -1)
        return np.asarray(self.model.predict(flat).astype(str))  # type: ignore[attr-defined]

    def confidence(self, images: NDArray[np.float32]) -> NDArray[np.float64]:
        """How sure the model is of each image."""
        flat = images.reshape(len(images), -1)
        return np.asarray(self.model.predict_proba(flat).max(axis=1))  # type: ignore[attr-defined]

    def alarms(
        self, images: NDArray[np.float32], truth: NDArray[np.str_]
    ) -> Iterator[tuple[str, bool]]:
        """Each detector's name, and whether it gives alarm."""
        detector = self.detector
        values = detector.statistics.measure(images)
        raw = (values - self.mean) / self.spread
        named = self.name(images)
        own = winsorize(centre_by_identity(values, named, detector.means), detector.scale)
        for where, reference, window in (("by person", detector.rows, own), ("", self.raw, raw)):
            decides = " (decides)" if where else ""
            for name, test in (("moments", moments_test), ("MMD", mmd_test)):
                shown = f"{name} {where}{decides if name == 'moments' else ''}".strip()
                yield shown, test(reference, window, seed=self.seed)[1] <= ALPHA
            columns = ks_columns(reference, window, NAMES, ALPHA)
            yield f"KS + Bonferroni {where}".strip(), bool(columns["drifted"].any())
        yield "Evidently's preset", evidently_preset(self.raw, raw)
        yield "drop in confidence", confidence_test(self.sure, self.confidence(images))[1] <= ALPHA
        yield "drop in accuracy", accuracy_test(self.right, named == truth).p_value <= ALPHA


def evidently_preset(reference: Rows, window: Rows) -> bool:
    """What Evidently's DataDriftPreset() says of columns of (m, d) and (n, d), for m up to 1,000.

    Drift if half of the columns or more have a Kolmogorov–Smirnov p-value below 0.05. A test
    compares it with Evidently itself, which would take hours here.
    """
    p_values = [ks_2samp(a, b).pvalue for a, b in zip(reference.T, window.T, strict=True)]
    return bool(np.mean(np.array(p_values) < 0.05) >= 0.5)


def draw_curves(counts: dict[tuple[str, int, str], list[bool]]) -> bytes:
    """Alarms by window size: of the deciding test for each kind, of each detector for two kinds."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    kinds = [k for k in dict.fromkeys(kind for kind, _, _ in counts) if "people" not in k]
    detectors = list(dict.fromkeys(detector for _, _, detector in counts))
    panels = [("the deciding test", [(kind, kind, DECIDES) for kind in kinds])]
    panels += [(kind, [(d, kind, d) for d in detectors]) for kind in COMPARED]
    for axis, (title, lines) in zip(axes, panels, strict=True):
        for number, (label, kind, detector) in enumerate(lines):
            sizes = [n for n in SIZES if counts.get((kind, n, detector))]
            shares = [np.mean(counts[kind, n, detector]) for n in sizes]
            decides = detector == DECIDES and title != panels[0][0]
            axis.plot(
                sizes, shares, "o-", markersize=3, label=label.replace(" (decides)", ""),
                color=COLOURS[number % 20], linewidth=2.5 if decides else 1.2,
            )  # fmt: skip
        axis.set(title=title, xlabel="faces in the window", xscale="log", ylim=(-0.02, 1.02))
        axis.set_xticks(SIZES, [str(n) for n in SIZES])
        axis.minorticks_off()
        axis.legend(fontsize=7, frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.2)
    axes[0].set_ylabel(f"share of windows with an alarm, α = {ALPHA}")
    return as_png(figure)


def print_tables(counts: dict[tuple[str, int, str], list[bool]]) -> None:
    """The deciding test for every kind and size, with intervals; then all detectors."""
    kinds = list(dict.fromkeys(kind for kind, _, _ in counts))
    detectors = list(dict.fromkeys(detector for _, _, detector in counts))
    print(f"\nAlarms at α = {ALPHA}, in %, with 95 % intervals: {DECIDES}\n")
    _row("windows", *(f"n = {size}" for size in SIZES))
    _row(*["---"] * (len(SIZES) + 1))
    for kind in kinds:
        if "people" not in kind:
            _row(kind, *(_cell(counts.get((kind, size, DECIDES), [])) for size in SIZES))
    few = [kind for kind in kinds if "people" in kind]
    pooled = {
        (kind, detector): [
            alarm for (k, _, d), alarms in counts.items() if (k, d) == (kind, detector)
            for alarm in alarms
        ]
        for kind in few for detector in detectors
    }  # fmt: skip
    print(f"\nAll detectors, alarms at α = {ALPHA} in %:\n")
    wanted = [(kind, size) for kind in kinds if kind not in few for size in (25, 50)]
    _row("windows", *detectors)
    _row(*["---"] * (len(detectors) + 1))
    for kind, size in wanted:
        if (kind, size, DECIDES) in counts:
            cells = [f"{100 * np.mean(counts[kind, size, d]):.0f}" for d in detectors]
            _row(f"{kind}, n = {size}", *cells)
    for kind in few:
        _row(kind, *(f"{100 * np.mean(pooled[kind, d]):.1f}" for d in detectors))


def _cell(alarms: list[bool]) -> str:
    if not alarms:
        return ""
    low, high = wilson_interval(sum(alarms), len(alarms))
    return f"{100 * np.mean(alarms):.1f} ({100 * low:.1f}–{100 * high:.1f})"


def _row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
