"""Capacity plan: what many people and requests need, computed from what was measured.

    python -m benchmarks.capacity
    python -m benchmarks.capacity --people 1000000 --rate 200 --hour-price 0.14

Every figure is a product of the inputs that are printed first. Nothing is measured here.
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass, fields

MILLION, HOUR, DAY, DAYS, MONTH_HOURS = 1e6, 3_600, 86_400, 30, 730


@dataclass(frozen=True)
class Measured:
    """What was measured: the value, and in which unit and by which command."""

    scoring: float = 33.7e-3  # CPU s for one face among a million people: benchmarks.search
    scoring_of_16: float = 8.1e-3  # the same for each of 16 faces of one request
    index: float = 0.71e-3  # the same with an inverted file: benchmarks.search --indexes
    request: float = 113e-6  # CPU s of a request among 40 people: docs/serving.md
    file: float = 860.0  # bytes of a model's file for each person: benchmarks.search
    worker: float = 1_050.0  # bytes of a worker for each person: benchmarks.search
    captured: float = 4_330.0  # bytes of a captured request: one face, ten probabilities
    shard_pass: float = 0.93e-3  # CPU s of both passes over an image: benchmarks.shards growth
    reduce: float = 0.12e-3  # CPU s for each training image on one machine: the same
    moments: float = 178e6  # bytes of a shard's moments
    projection: float = 796.0  # bytes of a training image in `fit_sharded_model`
    class_sums: float = 4_800.0  # bytes of a person in `fit_sharded_model`
    pixels: float = 4_096.0  # bytes of an image in uint8


@dataclass(frozen=True)
class Prices:
    """List prices in US$ in europe-west1, early 2026; see docs/capacity.md."""

    machine_hour: float = 0.147  # e2-standard-4: 4 processors, 16 GB
    bucket_month: float = 0.020  # a gigabyte in Cloud Storage
    processors: int = 4
    memory: float = 16e9


@dataclass(frozen=True)
class Load:
    """What is asked for."""

    people: int = 100_000_000
    images: int = 10
    rate: int = 10_000
    people_at_a_time: int = 1_000_000
    utilization: float = 0.6
    shard_images: int = 1_000_000
    sampling_rate: float = 0.01


Row = tuple[str, str]


def main() -> None:
    """Print the inputs, and the plan, as tables in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=Load.people)
    parser.add_argument("--rate", type=int, default=Load.rate, help="requests per second")
    parser.add_argument("--hour-price", type=float, default=Prices.machine_hour)
    args = parser.parse_args()
    load, prices = Load(args.people, rate=args.rate), Prices(args.hour_price)
    for title, given in (("measured", Measured()), ("price, US$", prices), ("load", load)):
        values = ((field.name, getattr(given, field.name)) for field in fields(given))
        print_table(title, ((name, f"{value:,}") for name, value in values))
    print_table("training", training(load, Measured(), prices))
    print_table("serving", serving(load, Measured(), prices))
    print_table("limits of one machine", limits(Measured(), prices, load))


def print_table(title: str, rows: Iterator[Row]) -> None:
    """Print a table of two columns."""
    print(f"\n| {title} | |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


def training(load: Load, measured: Measured, prices: Prices) -> Iterator[Row]:
    """Yield what training on shards needs."""
    images = load.people * load.images
    shards = math.ceil(images / load.shard_images)
    cpu = images * measured.shard_pass
    memory = model_memory(load.people, load.images, measured)
    yield "images", f"{images:,}"
    yield "images in a bucket, TB", f"{images * measured.pixels / 1e12:.1f}"
    yield "a month of them, US$", f"{images * measured.pixels / 1e9 * prices.bucket_month:,.0f}"
    yield f"shards of {load.shard_images:,} images", f"{shards:,}"
    yield "moments of all shards, GB", f"{shards * measured.moments / 1e9:,.0f}"
    yield "both passes, processor hours", f"{cpu / HOUR:,.0f}"
    yield "both passes, US$", f"{cpu / HOUR / prices.processors * prices.machine_hour:,.0f}"
    yield "fit_sharded_model, hours of one processor", f"{images * measured.reduce / HOUR:,.0f}"
    yield "fit_sharded_model, GB of memory", f"{memory / 1e9:,.0f}"
    scored = 0.2 * images * load.people / MILLION * measured.scoring_of_16
    yield "evaluation on two of ten images, processor hours", f"{scored / HOUR:,.0f}"


def serving(load: Load, measured: Measured, prices: Prices) -> Iterator[Row]:
    """Yield what answering needs: exact scoring alone and in batches, and with an index."""
    parts = math.ceil(load.people / load.people_at_a_time)
    yield "file of the model, GB", f"{load.people * measured.file / 1e9:,.0f}"
    yield f"parts of {load.people_at_a_time:,} people", f"{parts:,}"
    for title, seconds in (
        ("exact", measured.scoring),
        ("exact, 16 faces at a time", measured.scoring_of_16),
        ("index", measured.index),
    ):
        each = parts * (seconds * load.people_at_a_time / MILLION + measured.request)
        processors = load.rate * each / load.utilization
        machines = max(processors / prices.processors, parts * _part_memory(load, measured, prices))
        cost = math.ceil(machines) * prices.machine_hour * MONTH_HOURS
        yield f"{title}: CPU ms of a request, all parts", f"{1e3 * each:,.0f}"
        yield f"{title}: processors", f"{processors:,.0f}"
        yield f"{title}: machines", f"{math.ceil(machines):,}"
        yield f"{title}: US$ a month", f"{cost:,.0f}"
    captured = load.rate * DAY * DAYS * measured.captured * load.sampling_rate
    yield f"captured at {load.sampling_rate:.0%}, 30 days, TB", f"{captured / 1e12:,.1f}"
    yield "a month of them, US$", f"{captured / 1e9 * prices.bucket_month:,.0f}"


def limits(measured: Measured, prices: Prices, load: Load) -> Iterator[Row]:
    """Yield what one machine can do today, without parts."""
    people = prices.memory / model_memory(1, load.images, measured)
    scored = 50e-3 / measured.scoring * MILLION
    yield "people, until fit_sharded_model fills its memory", f"{people:,.0f}"
    yield "people, until scoring a face takes 50 ms of CPU", f"{scored:,.0f}"
    yield "people, until one worker fills its memory", f"{prices.memory / measured.worker:,.0f}"
    rate = prices.processors * load.utilization / measured.scoring
    yield "requests per second among a million people", f"{rate:,.0f}"


def model_memory(people: int, images: int, measured: Measured) -> float:
    """Return the bytes that `fit_sharded_model` holds: eight of ten images are trained on."""
    return people * (0.8 * images * measured.projection + measured.class_sums)


def _part_memory(load: Load, measured: Measured, prices: Prices) -> float:
    """Return the machines that one part needs because of its memory."""
    return load.people_at_a_time * measured.worker / prices.memory


if __name__ == "__main__":
    main()
