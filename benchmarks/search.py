"""One face among 100,000 and 1,000,000 people: time, accuracy and memory of an endpoint.

    python -m benchmarks.search                              # four minutes, 4 GB of memory
    python -m benchmarks.search --people 100000 --indexes    # needs faiss-cpu and hnswlib

`fisher` is trained on synthetic people. Further people are drawn from the distribution of their
class means, and faces from that of images around them, since generating and measuring ten million
images would take a day. So the table shows time and memory, and whether a way of searching finds
the same person as an exact one; it does not show how well a million real people are recognised.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import psutil
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.load import run_load
from benchmarks.payloads import seldon_base64
from benchmarks.search_indexes import INDEXES, Unit
from components.deployers.seldon_local import process
from components.deployers.seldon_local.ports import require_free_port
from components.deployers.settings import ServingSettings
from faces.data.dataset import Faces, load_faces
from faces.models import build_model
from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features
from faces.runtime.operators import OPERATORS
from faces.runtime.portable import PortableModel, file_hash, write_portable
from serving.settings import install_model, write_settings

TRAINED_PEOPLE, IMAGES, ENROLLED_IMAGES = 500, 10, 8
QUERIES, ROUNDS, TOP = 1_000, 30, 10
BLOCK = 50_000
"""People whose class means are drawn at a time."""

PORT, LOAD_SECONDS = 9_321, 10.0


@dataclass(frozen=True, eq=False)
class Population:
    """The distribution of people and of their images, in the space of the discriminants.

    Attributes:
        model: A `fisher` that was trained on some of them.
        mean: Mean of all people (d,).
        between: A factor of the covariance of people (d, d).
        within: A factor of the covariance of the images of a person (d, d).
    """

    model: PortableModel
    mean: Unit
    between: Unit
    within: Unit

    def draw(self, people: int, seed: int) -> tuple[Unit, Unit]:
        """Draw class means (people, d), of length 1, and an image of some, (QUERIES, d)."""
        rng = np.random.default_rng(seed)
        width, chosen = len(self.mean), np.linspace(0, people - 1, QUERIES, dtype=int)
        means, queries = np.empty((people, width), np.float32), []
        for start in range(0, people, BLOCK):
            size = min(BLOCK, people - start)
            noise = rng.standard_normal((2, size, width), dtype=np.float32)
            people_here = self.mean + noise[0] @ self.between.T
            means[start : start + size] = people_here + noise[1] @ self.within.T / np.sqrt(
                ENROLLED_IMAGES
            )
            rows = chosen[(chosen >= start) & (chosen < start + size)] - start
            image_noise = rng.standard_normal((len(rows), width), dtype=np.float32)
            queries.append(people_here[rows] + image_noise @ self.within.T)
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        return means, np.concatenate(queries)

    def with_people(self, means: Unit) -> PortableModel:
        """Return the model with other people."""
        operators = list(self.model.operators)
        kind, arrays = operators[-2]
        scale = np.linalg.norm(arrays["weights"], axis=0).mean()
        weights = (scale * means).astype(np.float32).T
        operators[-2] = kind, {"weights": weights, "offset": np.zeros(len(means), np.float32)}
        names = np.array([f"person-{number:07d}" for number in range(len(means))])
        return replace(self.model, operators=operators, classes=names, rejection_threshold=-1.0)


def main() -> None:
    """Measure each number of people, and print tables in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, nargs="+", default=[100_000, 1_000_000], metavar="N")
    parser.add_argument("--indexes", action="store_true", help="measure indexes of libraries, too")
    args = parser.parse_args()
    with threadpool_limits(1):
        faces = load_faces("synthetic", people=TRAINED_PEOPLE, images=IMAGES)
        population = fit_population(faces)
        print_endpoints(population, faces, args.people)
        if args.indexes:
            for people in args.people:
                print_indexes(population, people)


def fit_population(faces: Faces) -> Population:
    """Train `fisher` on eight images of each person, and fit the distribution of both sorts."""
    enrolled = np.arange(len(faces)) % IMAGES < ENROLLED_IMAGES
    train, labels = faces.pixels[enrolled], faces.labels[enrolled]
    unfitted = build_model("fisher")
    fitted = fit_classifier(unfitted, fit_features(unfitted, train, labels), train, labels)
    model = export_model(fitted, {})
    held_out = project(model, faces.pixels[~enrolled])
    rows = held_out.reshape(TRAINED_PEOPLE, IMAGES - ENROLLED_IMAGES, -1)
    centres = rows.mean(axis=1)
    within = (
        np.cov((rows - centres[:, None]).reshape(-1, rows.shape[2]).T)
        * rows.shape[1]
        / (rows.shape[1] - 1)
    )
    between = np.cov(centres.T) - within / rows.shape[1]
    return Population(model, centres.mean(axis=0), factor(between), factor(within))


def factor(covariance: NDArray[np.float64]) -> Unit:
    """Return F with F @ F.T equal to the covariance, without its negative part."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)), np.float32)


def project(model: PortableModel, pixels: NDArray[np.float32]) -> Unit:
    """Compute the discriminants of faces, before they are scaled to length 1."""
    values = pixels
    for kind, arrays in model.operators[:-3]:
        values = OPERATORS[kind](values, arrays)
    return values


def print_endpoints(population: Population, faces: Faces, sizes: Sequence[int]) -> None:
    """Print how long an answer takes, and what it needs."""
    face = np.asarray(faces.pixels[:1])
    columns = (
        "people", "ms, model", "ms of CPU", "ms, endpoint p50", "p99", "rank-1 accuracy",
        "double precision", "file MB", "s to load", "MB of a worker, shared", "unshared",
    )  # fmt: skip
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for people in sizes:
        means, queries = population.draw(people, seed=people)
        ours, exact = accuracies(means, queries)
        model = population.with_people(means)
        del means
        data = write_portable(model)
        wall, cpu = timed(partial(answer, model, face))
        del model
        with tempfile.TemporaryDirectory(prefix="faces-search-") as folder:
            p50, p99, seconds, shared, unshared = measure_endpoint(Path(folder), data, face)
        cells = (
            f"{people:,}", f"{wall:.1f}", f"{cpu:.1f}", f"{p50:.1f}", f"{p99:.1f}", f"{ours:.2%}",
            f"{exact:.2%}", f"{len(data) / 1e6:.0f}", f"{seconds:.1f}", f"{shared:.0f}",
            f"{unshared:.0f}",
        )  # fmt: skip
        print(f"| {' | '.join(cells)} |", flush=True)


def answer(model: PortableModel, face: NDArray[np.float32]) -> object:
    """Compute what an endpoint does for a face, without HTTP and capture."""
    predictions = model.predict_open_set(face)
    return predictions.probabilities.argmax(axis=1), predictions.most_probable(TOP)


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Return the medians of the milliseconds that a call takes, and of those of CPU."""
    walls, cpus = [], []
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.thread_time()
        call()
        walls.append(1e3 * (time.perf_counter() - wall))
        cpus.append(1e3 * (time.thread_time() - cpu))
    return median(walls), median(cpus)


def accuracies(means: Unit, queries: Unit) -> tuple[float, float]:
    """Return the rank-1 accuracy of scoring in single and in double precision."""
    true = np.linspace(0, len(means) - 1, QUERIES, dtype=int)
    unit = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    single = np.array([(means @ row).argmax() for row in unit])
    best = np.full(QUERIES, -np.inf)
    double = np.zeros(QUERIES, int)
    for start in range(0, len(means), BLOCK):
        scores = unit.astype(float) @ means[start : start + BLOCK].astype(float).T
        better = scores.max(axis=1) > best
        double[better] = start + scores.argmax(axis=1)[better]
        best = np.maximum(best, scores.max(axis=1))
    return float((single == true).mean()), float((double == true).mean())


def measure_endpoint(
    folder: Path, data: bytes, face: NDArray[np.float32]
) -> tuple[float, float, float, float, float]:
    """Return median and 99th percentile of ms, seconds to start, and a worker's MB."""
    require_free_port("127.0.0.1", PORT)
    settings = replace(ServingSettings().for_server("search", str(folder)), port=PORT)
    write_settings(settings)
    install_model(folder, "1", data, file_hash(data))
    began = time.perf_counter()
    process.start(settings, None)
    seconds = time.perf_counter() - began
    try:
        load = run_load(PORT, [seldon_base64(face)], connections=1, seconds=LOAD_SECONDS)
        if load.failures:
            raise SystemExit(load.failures[0])
        shared, unshared = worker_memory(str(folder))
    finally:
        process.stop(folder)
    return load.percentile(50), load.percentile(99), seconds, shared, unshared


def worker_memory(folder: str) -> tuple[float, float]:
    """Return shared and unshared MB of the worker with the largest memory."""
    servers = [p for p in psutil.process_iter() if folder in " ".join(p.cmdline())]
    infos = [p.memory_full_info() for p in servers]
    largest = max(infos, key=lambda info: info.rss)
    return largest.shared / 1e6, largest.uss / 1e6


def print_indexes(population: Population, people: int) -> None:
    """Print recall, build time, memory and time of exact scoring and of each index."""
    means, queries = population.draw(people, seed=people)
    unit = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    exact = np.array([(means @ row).argmax() for row in unit])
    true = np.linspace(0, people - 1, QUERIES, dtype=int)
    columns = (
        "index",
        "ms of CPU",
        "same person as exact",
        "rank-1 accuracy",
        "CPU s to build",
        "file MB",
    )
    print(f"\n{people:,} people\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    _, exact_ms = timed(lambda: (means @ unit[0]).argmax())
    print(f"| none | {exact_ms:.1f} | 100.0% | {(exact == true).mean():.1%} | 0 | "
          f"{means.nbytes / 1e6:.0f} |", flush=True)  # fmt: skip
    for name, build in INDEXES.items():
        built = build(means)
        began = time.thread_time()
        found = np.array([built.search(row) for row in unit])
        milliseconds = 1e3 * (time.thread_time() - began) / QUERIES
        print(
            f"| {name} | {milliseconds:.2f} | {(found == exact).mean():.1%} "
            f"| {(found == true).mean():.1%} | {built.seconds:.0f} | {built.megabytes:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
