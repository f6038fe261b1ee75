"""Time and memory from 400 to 100,000 synthetic faces, from 40 to 2,000 people.

    python -m benchmarks.scale                        # a quarter of an hour
    python -m benchmarks.scale --most 10000 --picture scale.png

Each size is a process of its own, so that its peak memory is its own. The slope is that of time
against the number of faces on a log-log scale, from the second size on: 1 is proportional.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich.progress import track

from faces.models import model_names
from faces.reports.plots import as_png

SIZES = ((400, 40), (2_000, 200), (10_000, 500), (30_000, 1_000), (100_000, 2_000))
STAGES = ("drawing", "loading", "features", "training", "evaluation", "drift", "one face")
WINDOW = 100


def main() -> None:
    """Run every size, and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--most", type=int, default=SIZES[-1][0], help="faces")
    parser.add_argument("--model", choices=model_names(), default="fisher")
    parser.add_argument("--picture", metavar="FILE", help="draw time against size there")
    parser.add_argument("--one", nargs=2, type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        images, people = args.one
        print(json.dumps(measure(images, people, args.model)))
        return
    sizes = [size for size in SIZES if size[0] <= args.most]
    found = [run_apart(*size, args.model) for size in track(sizes, "growing")]
    print_table(sizes, found, args.model)
    if args.picture:
        Path(args.picture).write_bytes(draw(sizes, found))


def run_apart(images: int, people: int, model: str) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.scale"]
    command += ["--model", model, "--one", str(images), str(people)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{images} faces: {done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(images: int, people: int, name: str) -> dict[str, float]:
    """Seconds of each stage, accuracy, and the peak of memory in GB."""
    import tempfile

    from faces.data.dataset import Faces, load_faces
    from faces.drift import DriftDetector
    from faces.evaluation.metrics import predict_people
    from faces.models import build_model
    from faces.models.export import export_model
    from faces.models.training import fit_classifier, fit_features

    found: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        done = work()
        found[stage] = time.perf_counter() - began
        return done

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "images.npy"
        drawn = timed(
            "drawing", lambda: load_faces("synthetic", people=people, images=images // people)
        )
        np.save(place, drawn.images)
        labels, conditions = drawn.labels, drawn.conditions
        del drawn
        faces = timed(
            "loading",
            lambda: Faces(np.load(place, mmap_mode="r"), labels, conditions, "synthetic"),
        )
        held_out = np.arange(len(faces)) % 5 == 0
        train = np.flatnonzero(~held_out)
        names = labels[train]

        def fit(pixels: Any) -> Any:
            model = build_model(name)
            features = timed("features", lambda: fit_features(model, pixels, names))
            return timed("training", lambda: fit_classifier(model, features, pixels, names))

        fitted = fit(faces.pixels[train])
        test = np.flatnonzero(held_out)
        answers = timed("evaluation", lambda: predict_people(fitted, faces, test, "test"))
        found["accuracy"] = float((answers["label"] == answers["predicted"]).mean())
        window = test[:: max(1, len(test) // WINDOW)][:WINDOW]

        def check() -> None:
            detector = DriftDetector.fit(faces.images[train], names)
            detector.test(np.asarray(faces.images[window]), labels[window])

        timed("drift", check)
        portable = export_model(fitted, {})
        one = np.asarray(faces.pixels[:1])
        portable.predict_with_score(one)
        timed("one face", lambda: [portable.predict_with_score(one) for _ in range(100)])
        found["one face"] /= 100
    found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return found


def slope(sizes: list[tuple[int, int]], values: list[float]) -> float:
    """Of log time against log size, from the second size on."""
    images = np.log([size for size, _ in sizes[1:]])
    return float(np.polyfit(images, np.log(values[1:]), 1)[0]) if len(images) > 1 else float("nan")


def print_table(sizes: list[tuple[int, int]], found: list[dict[str, float]], model: str) -> None:
    """A row for each stage: seconds at each size, and the slope."""
    heads = [f"{images:,} of {people:,}" for images, people in sizes]
    print(f"\n{model}: seconds, by faces and people\n")
    print(f"| | {' | '.join(heads)} | slope |\n|{'---|' * (len(sizes) + 2)}")
    for stage in STAGES:
        values = [figures[stage] for figures in found]
        told = " | ".join(f"{value:.3g}" for value in values)
        print(f"| {stage} | {told} | {slope(sizes, values):.2f} |")
    for title, unit in (("memory", "peak memory, GB"), ("accuracy", "accuracy on held-out faces")):
        print(f"| {unit} | {' | '.join(f'{figures[title]:.3g}' for figures in found)} | |")


def draw(sizes: list[tuple[int, int]], found: list[dict[str, float]]) -> bytes:
    """Time of each stage, and memory, against the number of faces; both axes logarithmic."""
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    images = [size for size, _ in sizes]
    for stage in STAGES:
        values = [figures[stage] for figures in found]
        left.plot(images, values, "o-", label=f"{stage} ({slope(sizes, values):.2f})", markersize=4)
    left.set(xscale="log", yscale="log", xlabel="faces", ylabel="seconds", title="time (slope)")
    left.legend(frameon=False, fontsize=8)
    right.plot(images, [figures["memory"] for figures in found], "o-", color="#2b6ca3")
    right.axhline(8, linestyle="--", color="#7b8794")
    right.set(xscale="log", yscale="log", xlabel="faces", ylabel="GB", title="peak memory")
    for axis in (left, right):
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    return as_png(figure)


if __name__ == "__main__":
    main()
