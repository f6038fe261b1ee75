"""Time and memory from 400 to 100,000 synthetic faces, from 40 to 2,000 people.

    python -m benchmarks.scale                        # a quarter of an hour
    python -m benchmarks.scale --max-faces 10000 --plot scale.png

Each size runs in a separate process, so that its peak memory can be measured. The slope is that of
time against the number of faces on a log-log scale, from the second size on: 1 is linear.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.progress import track

from faces.data.dataset import Faces, load_faces
from faces.models import model_names
from faces.reports.png import as_png

SIZES = ((400, 40), (2_000, 200), (10_000, 500), (30_000, 1_000), (100_000, 2_000))
STAGES = ("generation", "loading", "features", "training", "evaluation", "drift", "one face")
WINDOW_SIZE = 100

Results = list[dict[str, float]]
"""Metrics of each size."""


def main() -> None:
    """Measure every size, and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--max-faces", type=int, default=SIZES[-1][0], metavar="N")
    parser.add_argument("--model", choices=model_names(), default="fisher")
    parser.add_argument("--plot", metavar="FILE", help="plot time and memory by size")
    parser.add_argument("--one", nargs=2, type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        images, people = args.one
        print(json.dumps(measure(images, people, args.model)))
        return
    sizes = [size for size in SIZES if size[0] <= args.max_faces]
    results = [measure_in_process(*size, args.model) for size in track(sizes, "measuring")]
    print_table(sizes, results, args.model)
    if args.plot:
        Path(args.plot).write_bytes(plot_growth(sizes, results))


def measure_in_process(images: int, people: int, model: str) -> dict[str, float]:
    """Run `measure` in a separate process."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.scale"]
    command += ["--model", model, "--one", str(images), str(people)]
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode:
        raise SystemExit(f"{images} faces: {process.stderr[-2000:]}")
    metrics: dict[str, float] = json.loads(process.stdout)
    return metrics


def measure(images: int, people: int, name: str) -> dict[str, float]:
    """Measure the seconds of each stage, the accuracy, and the peak memory in GB."""
    from faces.drift.detectors.moments import DriftDetector
    from faces.evaluation.metrics import predict_rows
    from faces.models import build_model
    from faces.models.export import export_model
    from faces.models.training import fit_classifier, fit_features

    metrics: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        faces = generate_on_disk(images, people, Path(folder), metrics)
        held_out = np.arange(len(faces)) % 5 == 0
        train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
        labels, model = faces.labels[train], build_model(name)
        pixels = faces.pixels[train]
        with timed(metrics, "features"):
            features = fit_features(model, pixels, labels)
        with timed(metrics, "training"):
            fitted = fit_classifier(model, features, pixels, labels)
        del pixels
        portable = export_model(fitted, {})
        with timed(metrics, "evaluation"):
            predictions = predict_rows(portable, faces, test, "test")
        metrics["accuracy"] = float((predictions["label"] == predictions["predicted"]).mean())
        window = test[:: max(1, len(test) // WINDOW_SIZE)][:WINDOW_SIZE]
        with timed(metrics, "drift"):
            detector = DriftDetector.fit(faces.images[train], labels)
            detector.test(np.asarray(faces.images[window]), faces.labels[window])
        face = np.asarray(faces.pixels[:1])
        portable.predict_with_score(face)
        with timed(metrics, "one face"):
            for _ in range(100):
                portable.predict_with_score(face)
        metrics["one face"] /= 100
    metrics["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return metrics


def generate_on_disk(images: int, people: int, folder: Path, metrics: dict[str, float]) -> Faces:
    """Generate synthetic faces, and map their images into memory from a file."""
    with timed(metrics, "generation"):
        faces = load_faces("synthetic", people=people, images=images // people)
    np.save(folder / "images.npy", faces.images)
    with timed(metrics, "loading"):
        mapped = np.load(folder / "images.npy", mmap_mode="r")
        return Faces(mapped, faces.labels, faces.conditions, faces.source)


@contextmanager
def timed(metrics: dict[str, float], stage: str) -> Iterator[None]:
    """Record the seconds that the block takes."""
    start = time.perf_counter()
    yield
    metrics[stage] = time.perf_counter() - start


def slope(sizes: list[tuple[int, int]], values: list[float]) -> float:
    """Fit the slope of log time against log size, from the second size on."""
    images = np.log([size for size, _ in sizes[1:]])
    return float(np.polyfit(images, np.log(values[1:]), 1)[0]) if len(images) > 1 else float("nan")


def print_table(sizes: list[tuple[int, int]], results: Results, model: str) -> None:
    """Print a row per stage: seconds at each size, and the slope."""
    heads = [f"{images:,} of {people:,}" for images, people in sizes]
    print(f"\n{model}: seconds, by faces and people\n")
    print(f"| | {' | '.join(heads)} | slope |\n|{'---|' * (len(sizes) + 2)}")
    for stage in STAGES:
        values = [metrics[stage] for metrics in results]
        cells = " | ".join(f"{value:.3g}" for value in values)
        print(f"| {stage} | {cells} | {slope(sizes, values):.2f} |")
    for title, unit in (("memory", "peak memory, GB"), ("accuracy", "accuracy on held-out faces")):
        print(f"| {unit} | {' | '.join(f'{metrics[title]:.3g}' for metrics in results)} | |")


def plot_growth(sizes: list[tuple[int, int]], results: Results) -> bytes:
    """Plot time of each stage, and memory, against the number of faces; on log-log axes."""
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    images = [size for size, _ in sizes]
    for stage in STAGES:
        values = [metrics[stage] for metrics in results]
        left.plot(images, values, "o-", label=f"{stage} ({slope(sizes, values):.2f})", markersize=4)
    left.set(xscale="log", yscale="log", xlabel="faces", ylabel="seconds", title="time (slope)")
    left.legend(frameon=False, fontsize=8)
    right.plot(images, [metrics["memory"] for metrics in results], "o-", color="#2b6ca3")
    right.axhline(8, linestyle="--", color="#7b8794")
    right.set(xscale="log", yscale="log", xlabel="faces", ylabel="GB", title="peak memory")
    for axis in (left, right):
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    return as_png(figure)


if __name__ == "__main__":
    main()
