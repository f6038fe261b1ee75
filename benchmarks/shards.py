"""Training on shards: memory, time and workers up to a million faces, and equality.

    python -m benchmarks.shards equality                       # three minutes
    python -m benchmarks.shards growth --faces 10000 100000    # a quarter of an hour
    python -m benchmarks.shards growth --faces 10000 1000000 --folder FOLDER    # 25 GB of disk
    python -m benchmarks.shards workers --faces 8000           # a minute

`growth` trains `fisher` on synthetic faces, ten of each person, eight of them to train on. Shards
are written to a temporary folder, about 16 KB for each face; with `--folder`, they are kept, and a
run that was interrupted continues after its last call. Each call for a shard, and each step
that puts the results of the shards together, runs in a separate process, as on a stack with one
job for each, so that its peak memory can be measured. Times are those of CPU: the wall-clock time
depends on the number of workers.
"""

import argparse
import pickle
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.shards_equality import IMAGES_PER_PERSON, print_equality, training_rows
from faces.data.shard_files import Manifest, read_shard, write_manifest, write_shard
from faces.data.shards import load_people
from faces.models import build_model

SHARD_FACES = 25_000
"""Faces of a shard, at most."""

STAGES = ("write", "moments", "components", "projection", "classifier", "threshold")
REDUCE = frozenset({"components", "classifier", "threshold"})
Usage = dict[str, list[tuple[float, float]]]
"""For each stage, CPU seconds and peak GB of each call."""


def main() -> None:
    """Run one of the measurements, and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["equality", "growth", "workers"])
    parser.add_argument("--faces", type=int, nargs="+", default=[10_000, 100_000], metavar="N")
    parser.add_argument("--workers", type=int, default=2, metavar="N")
    parser.add_argument("--folder", type=Path, help="of growth: keep files and measurements here")
    args = parser.parse_args()
    if args.what == "equality":
        print_equality()
    elif args.what == "growth":
        print_growth(args.faces, args.workers, args.folder)
    else:
        print_workers(args.faces[0])


def write_part(folder: str, number: int, shards: int, people: int) -> object:
    """Generate and write one shard."""
    faces = load_people(
        "synthetic", number, shards, people=people, images=IMAGES_PER_PERSON, seed=0, crop="auto"
    )
    return write_shard(folder, number, faces)


def moments_of(folder: str, shard: Any) -> Path:
    """Compute and store a shard's moments."""
    from faces.models import sharded_fisher

    faces, rows = read_shard(folder, "synthetic", shard), training_rows(shard.images)
    model = build_model("fisher")
    moments = sharded_fisher.shard_moments(faces.images, model, rows, augmented=False)
    return dump(Path(folder) / f"{shard.name}.moments", moments)


def components_of(folder: str, files: Sequence[Path]) -> Path:
    """Fit the principal components to the moments of all shards."""
    from faces.models import sharded_fisher
    from faces.models.moments import add_moments

    total = add_moments(load(file) for file in files)
    return dump(
        Path(folder) / "features", sharded_fisher.fit_features(build_model("fisher"), total)
    )


def projection_of(folder: str, shard: Any, features: Path) -> Path:
    """Project and store a shard's training images."""
    from faces.models import sharded_fisher

    faces, rows = read_shard(folder, "synthetic", shard), training_rows(shard.images)
    projection = sharded_fisher.project(faces.images, load(features), rows, augmented=False)
    file = Path(folder) / f"{shard.name}.projection.npy"
    np.save(file, projection)
    return file


def _projections(folder: str, shards: Sequence[Any], files: Sequence[Path]) -> tuple[Any, Any]:
    from faces.models.projections import Projections

    labels = [
        read_shard(folder, "synthetic", shard).labels[training_rows(shard.images)]
        for shard in shards
    ]
    parts = [np.load(file, mmap_mode="r") for file in files]
    return Projections(parts), np.concatenate(labels)


def classifier_of(
    folder: str, features: Path, shards: Sequence[Any], files: Sequence[Path]
) -> Path:
    """Fit discriminants, class means and temperature."""
    from faces.models import sharded_fisher

    projections, labels = _projections(folder, shards, files)
    model = build_model("fisher")
    fitted = sharded_fisher.fit_recogniser(model, load(features), projections, labels)
    return dump(Path(folder) / "model", fitted)


def threshold_of(folder: str, shards: Sequence[Any], files: Sequence[Path]) -> float:
    """Fit the rejection threshold, and return the AUROC."""
    from faces.evaluation.sharded_open_set import fit_rejection_threshold

    projections, labels = _projections(folder, shards, files)
    calibration = fit_rejection_threshold(build_model("fisher"), projections, labels)
    return calibration.auroc if calibration else float("nan")


def dump(file: Path, content: object) -> Path:
    """Store a result for the next process."""
    with file.open("wb") as stream:
        pickle.dump(content, stream, protocol=5)
    return file


def load(file: Path) -> Any:
    """Read what `dump` wrote."""
    with file.open("rb") as stream:
        return pickle.load(stream)


def measured(done: Path, function: Callable[..., Any], *args: Any) -> tuple[Any, float, float]:
    """Call a function; return its result, its CPU seconds and the process's peak GB.

    They are stored in the file `done`. If it exists, the function is not called.
    """
    if done.exists():
        measurement: tuple[Any, float, float] = load(done)
        return measurement
    began = time.process_time()
    result = function(*args)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    measurement = result, time.process_time() - began, peak
    dump(done.with_suffix(".part"), measurement).rename(done)
    return measurement


def train(folder: str, faces: int, workers: int, shards: int = 0) -> Usage:
    """Write shards, and train on them; each call in a new process."""
    people, count = faces // IMAGES_PER_PERSON, shards or -(-faces // SHARD_FACES)
    usage: Usage = {stage: [] for stage in STAGES}
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, max_tasks_per_child=1) as pool:

        def each(stage: str, function: Callable[..., Any], *columns: Sequence[Any]) -> list[Any]:
            jobs = [
                pool.submit(measured, Path(folder, f"{stage}-{n}.done"), function, folder, *row)
                for n, row in enumerate(zip(*columns, strict=True))
            ]
            results = [job.result() for job in jobs]
            usage[stage] += [(seconds, peak) for _, seconds, peak in results]
            return [result for result, _, _ in results]

        numbers = range(count)
        written = each("write", write_part, numbers, [count] * count, [people] * count)
        write_manifest(folder, Manifest("synthetic", tuple(written)))
        moments = each("moments", moments_of, written)
        (features,) = each("components", components_of, [moments])
        for file in moments:
            file.unlink(missing_ok=True)
        files = each("projection", projection_of, written, [features] * count)
        each("classifier", classifier_of, [features], [written], [files])
        each("threshold", threshold_of, [written], [files])
    return usage


def print_growth(sizes: Sequence[int], workers: int, kept: Path | None) -> None:
    """Print CPU seconds, their slope and the peak memory of any process."""
    results = []
    for faces in sizes:
        with growth_folder(faces, kept) as folder:
            results.append(train(folder, faces, workers))
            print(f"{faces:,} faces measured", file=sys.stderr)
    heads = " | ".join(f"{faces:,}" for faces in sizes)
    print(f"\n| CPU seconds, by faces | {heads} | slope |\n|{'---|' * (len(sizes) + 2)}")
    stages = {stage: [sum(s for s, _ in usage[stage]) for usage in results] for stage in STAGES}
    training = [stage for stage in STAGES if stage != "write"]
    stages["training, all"] = [
        sum(stages[stage][i] for stage in training) for i in range(len(sizes))
    ]
    for title, values in stages.items():
        cells = " | ".join(f"{value:.1f}" for value in values)
        print(f"| {title} | {cells} | {slope(sizes, values):.2f} |")
    for title, kinds in (
        ("peak GB, one shard", set(STAGES) - REDUCE),
        ("peak GB, all shards", REDUCE),
    ):
        peaks = [max(peak for stage in kinds for _, peak in usage[stage]) for usage in results]
        print(f"| {title} | {' | '.join(f'{peak:.2f}' for peak in peaks)} | |")


@contextmanager
def growth_folder(faces: int, kept: Path | None) -> Iterator[str]:
    """Yield a folder for a number of faces: in the one that is kept, or a temporary one."""
    if kept:
        folder = kept / str(faces)
        folder.mkdir(parents=True, exist_ok=True)
        yield str(folder)
    else:
        with tempfile.TemporaryDirectory(prefix="faces-shards-") as temporary:
            yield temporary


def slope(sizes: Sequence[int], values: Sequence[float]) -> float:
    """Fit the slope of log time against log size."""
    if len(sizes) < 2:
        return float("nan")
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def print_workers(faces: int) -> None:
    """Print the wall-clock time of generation and features with one worker and with two."""
    seconds = {}
    for workers in (1, 2):
        with tempfile.TemporaryDirectory(prefix="faces-shards-") as folder:
            people = faces // IMAGES_PER_PERSON
            began = time.perf_counter()
            with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
                count = 8
                jobs = [pool.submit(write_part, folder, n, count, people) for n in range(count)]
                shards = [job.result() for job in jobs]
                for job in [pool.submit(moments_of, folder, shard) for shard in shards]:
                    job.result()
            seconds[workers] = time.perf_counter() - began
    print("| workers | seconds | speed-up |\n|---|---|---|")
    for workers, value in seconds.items():
        print(f"| {workers} | {value:.1f} | {seconds[1] / value:.2f} |")


if __name__ == "__main__":
    main()
