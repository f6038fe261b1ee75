"""The monitor of single faces: how often it ever raises a false alarm, and how soon it finds drift.

    python -m benchmarks.monitor                   # 50 streams of each kind, about a minute
    python -m benchmarks.monitor --streams 1000    # about ten minutes on two cores

The real faces have few frontal images outside the training set (72), so that a long stream repeats
them, or sends near-duplicates of them: frames whose brightness differs by up to 0.2 %. Streams of
5,000 independent images are of synthetic faces. The monitor was designed on other seeds, below
10,000.
"""

import argparse
import platform
from bisect import bisect_left
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from functools import cache, partial
from time import process_time

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from threadpoolctl import threadpool_limits

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces, load_faces
from faces.data.split import split_by_condition
from faces.drift.person_images import MeasuredFaces
from faces.drift.sequential_monitor import SequentialMonitor
from faces.drift.witness_opinion import WitnessOpinion
from faces.evaluation.witness import Witness
from faces.models import build_model
from faces.models.protocol import Recogniser
from faces.models.training import fit_classifier, fit_features, without_calibration

ALARM, FACES = 100.0, 5_000
"""The evidence that is an alarm at a level of 1 %, and the length of streams without drift."""

PEOPLE, IMAGES, TRAINING = 40, 300, 6
"""Synthetic people, the images of each that are drawn, and those that are trained on."""

FRAMES, FIRST_SEED = 5, 10_000
SHARES = {"turned heads": 1.0, "half turned": 0.5, "30 % turned": 0.3}
LATER = 500
"""Frontal synthetic faces before the drift begins."""

TOGETHER = 100
"""Faces that are added at a time."""

Rows = NDArray[np.intp]
Predicted = NDArray[np.str_]


def main() -> None:
    """Print a Markdown table of false alarms, and one of delays."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--streams", type=int, default=50, help="number of streams of each kind")
    args = parser.parse_args()
    print(f"{date.today()}, {platform.machine()}, {args.streams} streams of each kind\n")
    outcomes: dict[str, list[float]] = {}
    with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        work = pool.map(run_streams, range(FIRST_SEED, FIRST_SEED + args.streams))
        for found in track(work, "watching streams", total=args.streams):
            for kind, face in found.items():
                outcomes.setdefault(kind, []).append(face)
    print("\n| stream | streams with an alarm | median faces until then | 90th percentile |")
    print("|---|---|---|---|")
    for kind, faces in outcomes.items():
        alarms = np.isfinite(faces)
        median, late = np.percentile(faces, (50, 90), method="higher")
        print(f"| {kind} | {alarms.mean():.1%} | {median:.0f} | {late:.0f} |")
    print(f"\nCPU time of a face, in µs: {measure_cost()}")


def run_streams(seed: int) -> dict[str, float]:
    """Return after how many faces each kind of stream raises an alarm; infinity if it never does.

    Args:
        seed: Seed of the split and of the stream.
    """
    rng = np.random.default_rng(seed)
    faces = load_faces("olivetti")
    split = split_by_condition(faces, parse_condition("yaw=frontal", faces.conditions), seed=seed)
    fresh, predict = prepare(faces, split.train)
    found = {}
    frontal = faces[split.test]
    measured, predicted = fresh.measure(np.asarray(frontal.images)), predict(frontal)
    repeated = rng.integers(len(frontal), size=FACES)
    found["frontal, repeating images"] = watch(fresh, measured, predicted, repeated)
    frames = near_duplicates(frontal, rng)
    burst = rng.integers(len(frontal), size=FACES // FRAMES)[:, None] * FRAMES + np.arange(FRAMES)
    found["frontal, five near-duplicates of each"] = watch(
        fresh, fresh.measure(np.asarray(frames.images)), predict(frames), burst.ravel()
    )
    both = faces[np.r_[split.test, split.drifted]]
    measured, predicted = fresh.measure(np.asarray(both.images)), predict(both)
    for name, share in SHARES.items():
        rows = mix(len(split.test), len(split.drifted), share, rng)
        found[name] = watch(fresh, measured, predicted, rows)
    return found | run_synthetic(rng)


def run_synthetic(rng: np.random.Generator) -> dict[str, float]:
    """Do the same with independent synthetic faces, and with drift that begins late."""
    faces = synthetic_faces()
    turned = (faces.conditions["yaw"] != "frontal").to_numpy()
    order = rng.permutation(np.flatnonzero(~turned))
    position = faces_before(faces.labels[order])
    train, others = order[position < TRAINING], order[position >= TRAINING][:FACES]
    fresh, predict = prepare(faces, train)
    drifted = rng.permutation(np.flatnonzero(turned))[:200]
    stream = faces[np.r_[others, drifted]]
    measured, predicted = fresh.measure(np.asarray(stream.images)), predict(stream)
    found = {"synthetic frontal, independent": np.arange(len(others))}
    late = np.r_[np.arange(LATER), len(others) + np.arange(len(drifted))]
    alarms = {name: watch(fresh, measured, predicted, rows) for name, rows in found.items()}
    after = watch(fresh, measured, predicted, late) - LATER
    return alarms | {f"synthetic turned heads, after {LATER} frontal ones": after}


def prepare(faces: Faces, train: Rows) -> tuple[SequentialMonitor, Callable[[Faces], Predicted]]:
    """Fit a monitor and the default model on some of the faces."""
    part = faces[train]
    monitor = SequentialMonitor.fit(
        np.asarray(part.images), part.labels, np.full(len(part), "", dtype="U1")
    )
    model = without_calibration(build_model("svm"))  # which does not change predictions
    features = fit_features(model, part.pixels, part.labels)
    fitted: Recogniser = fit_classifier(model, features, part.pixels, part.labels)
    return monitor, lambda others: fitted.predict(others.pixels).astype(np.str_)


def watch(
    monitor: SequentialMonitor, measured: MeasuredFaces, predicted: Predicted, stream: Rows
) -> float:
    """Return after how many faces there is an alarm; infinity without one."""
    for start in range(0, len(stream), TOGETHER):
        rows = stream[start : start + TOGETHER]
        add = partial(_add, monitor, measured, predicted, rows)
        after = add(len(rows))
        if after.peak >= ALARM:
            return start + 1 + bisect_left(range(1, len(rows)), ALARM, key=lambda n: add(n).peak)
        monitor = after
    return np.inf


def _add(
    monitor: SequentialMonitor, measured: MeasuredFaces, predicted: Predicted, rows: Rows, n: int
) -> SequentialMonitor:
    """Add the first n rows."""
    first = rows[:n]
    return monitor.add(measured.select(first), predicted[first], np.arange(1, n + 1))


def near_duplicates(faces: Faces, rng: np.random.Generator) -> Faces:
    """Return frames of each image that differ by up to 0.2 % in brightness."""
    gains = rng.uniform(0.998, 1.002, (len(faces) * FRAMES, 1, 1))
    frames = faces[np.repeat(np.arange(len(faces)), FRAMES)]
    images = np.clip(np.asarray(frames.images) * gains, 0, 1).astype(np.float32)
    return replace(frames, images=images)


def mix(frontal: int, turned: int, share: float, rng: np.random.Generator) -> Rows:
    """Return a random stream of frontal and turned images, each used once, until one kind ends."""
    kinds = rng.random(frontal + turned) < share
    rows = np.where(kinds, frontal + np.cumsum(kinds) - 1, np.cumsum(~kinds) - 1)
    left = np.where(kinds, frontal + turned, frontal)
    orders = np.r_[rng.permutation(frontal), frontal + rng.permutation(turned)]
    end = np.argmax(rows >= left) if (rows >= left).any() else len(rows)
    return np.asarray(orders[rows[:end]])


def faces_before(labels: NDArray[np.str_]) -> NDArray[np.intp]:
    """Return for each face how many faces of the same person come before it."""
    positions = np.empty(len(labels), dtype=np.intp)
    for name in np.unique(labels):
        own = np.flatnonzero(labels == name)
        positions[own] = np.arange(len(own))
    return positions


@cache
def synthetic_faces() -> Faces:
    """Return evenly lit synthetic faces."""
    faces = load_faces("synthetic", people=PEOPLE, images=IMAGES)
    return faces[np.flatnonzero(faces.conditions["lighting"] == "even")]


def measure_cost() -> str:
    """Return the time for the features, which the window's test needs too, to bet, and to ask."""
    faces = load_faces("olivetti")
    even, odd = faces[np.arange(0, len(faces), 2)], faces[np.arange(1, len(faces), 2)]
    monitor, predict = prepare(faces, np.arange(0, len(faces), 2))
    witness, predicted = Witness(even), predict(odd)
    images = np.ascontiguousarray(odd.images)  # as captured requests are read
    moments = [process_time()]
    measured = monitor.measure(images)
    moments.append(process_time())
    monitor.add(measured, predicted, np.arange(len(images)))
    moments.append(process_time())
    WitnessOpinion.ask(witness, images)
    moments.append(process_time())
    first, second, third = 1e6 * np.diff(moments) / len(images)
    return (
        f"{first:.0f} for its features, {second:.0f} for the monitor, {third:.0f} for the witness"
    )


if __name__ == "__main__":
    main()
