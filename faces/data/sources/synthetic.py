"""Synthetic faces: procedurally generated people who never existed, in chosen conditions.

A person is a vector of about thirty proportions; an image adds pose, light, expression, glasses and
small variations. `renderer` renders them in batches.
"""

from collections.abc import Mapping
from itertools import cycle, islice

import numpy as np
import pandas as pd

from faces.data.sources.base import DataSource, RawFaces
from faces.data.sources.renderer import render
from faces.runtime.image import IMAGE_SIDE

CONDITIONS: Mapping[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "yaw": (("frontal", "left", "right"), (0.70, 0.15, 0.15)),
    "lighting": (("even", "left", "right", "dark"), (0.79, 0.08, 0.08, 0.05)),
    "expression": (("neutral", "smile", "other"), (0.5, 0.35, 0.15)),
    "glasses": (("no", "yes"), (0.8, 0.2)),
}
"""Values of each condition and their probabilities."""

BASELINE_IMAGES = 3
"""The first images of every person are frontal, evenly lit, neutral and without glasses."""

# mean and spread of each proportion, in half-image units unless the name says otherwise
PROPORTIONS: Mapping[str, tuple[float, float]] = {
    "head_width": (0.60, 0.045),
    "head_height": (0.80, 0.045),
    "jaw": (0.30, 0.16),
    "complexion": (0.62, 0.10),
    "hair_tone": (0.28, 0.17),
    "hair_line": (-0.50, 0.09),
    "hair_parting": (0.0, 0.35),
    "hair_sides": (0.90, 0.06),
    "hair_length": (0.15, 0.40),
    "brow_height": (-0.25, 0.035),
    "brow_thickness": (0.035, 0.011),
    "brow_slope": (0.0, 0.13),
    "brow_tone": (0.55, 0.15),
    "eye_height": (-0.11, 0.025),
    "eye_distance": (0.255, 0.025),
    "eye_width": (0.105, 0.013),
    "eye_opening": (0.045, 0.010),
    "iris_tone": (0.20, 0.09),
    "eye_socket": (0.16, 0.08),
    "nose_length": (0.20, 0.035),
    "nose_width": (0.095, 0.020),
    "nose_bridge": (0.12, 0.06),
    "mouth_height": (0.43, 0.030),
    "mouth_width": (0.215, 0.032),
    "lip_thickness": (0.045, 0.013),
    "lip_tone": (0.35, 0.11),
    "cheek": (0.08, 0.07),
    "chin": (0.08, 0.06),
    "beard": (-0.10, 0.22),
    "moustache": (-0.15, 0.25),
}


def generate_faces(
    people: int = 40,
    images: int = 10,
    seed: int = 0,
    batch: int = 256,
    only: range | None = None,
) -> RawFaces:
    """Generate faces; the same arguments return the same faces.

    Args:
        people: Number of people. Person k looks the same with any number of people and images.
        images: Number of images per person.
        seed: Another seed generates other people.
        batch: Images that are rendered at a time.
        only: Numbers of the people to generate, from 0; None for all. They look the same.

    Returns:
        Images (people · images, 64, 64) float32 in [0, 1], labels, and the columns of `CONDITIONS`.
    """
    width = len(str(people))
    numbers = range(people) if only is None else only
    rendered = np.empty((len(numbers) * images, IMAGE_SIDE, IMAGE_SIDE), np.float32)
    rows: dict[str, list[str]] = {name: [] for name in CONDITIONS}
    pending: list[dict[str, float]] = []
    done = 0
    for person in numbers:
        rng = np.random.default_rng([seed, person])
        identity = {k: rng.normal(m, s) for k, (m, s) in PROPORTIONS.items()}
        identity["texture"] = float(rng.integers(2**31))
        for number in range(images):
            chosen = _choose_conditions(rng, baseline=number < BASELINE_IMAGES)
            for name, value in chosen.items():
                rows[name].append(value)
            pending.append(identity | _vary(rng, chosen))
            if len(pending) == batch:
                rendered[done : done + batch] = render(pending)
                done, pending = done + batch, []
    if pending:
        rendered[done:] = render(pending)
    names = [f"synthetic-{person:0{width}d}" for person in (number + 1 for number in numbers)]
    return rendered, np.repeat(np.array(names), images), pd.DataFrame(rows)


def list_conditions() -> pd.DataFrame:
    """Return every condition with all its values, repeated to the length of the longest."""
    longest = max(len(values) for values, _ in CONDITIONS.values())
    return pd.DataFrame(
        {name: list(islice(cycle(values), longest)) for name, (values, _) in CONDITIONS.items()}
    )


def _choose_conditions(rng: np.random.Generator, baseline: bool) -> dict[str, str]:
    chosen = {n: str(rng.choice(values, p=odds)) for n, (values, odds) in CONDITIONS.items()}
    return {n: values[0] for n, (values, _) in CONDITIONS.items()} if baseline else chosen


def _vary(rng: np.random.Generator, chosen: Mapping[str, str]) -> dict[str, float]:
    """Return what varies from image to image of a person: pose, light, expression, noise."""
    side = {"left": -1.0, "right": 1.0}
    smile = {"neutral": 0.0, "smile": 1.0, "other": -0.35}[chosen["expression"]]
    light = side.get(chosen["lighting"], 0.0)
    return {
        "yaw": side.get(chosen["yaw"], 0.0) * rng.uniform(0.30, 0.62) + rng.normal(0, 0.03),
        "pitch": rng.normal(0, 0.035),
        "roll": rng.normal(0, 0.015),
        "shift_x": rng.normal(0, 0.007),
        "shift_y": rng.normal(0, 0.008),
        "zoom": rng.normal(0.88, 0.010),
        "light_x": light * rng.uniform(0.75, 1.0) + rng.normal(0, 0.06),
        "light_y": -0.35 + rng.normal(0, 0.06),
        "gain": (0.45 if chosen["lighting"] == "dark" else 1.0) * rng.normal(1.0, 0.05),
        "smile": smile * rng.uniform(0.7, 1.2) + rng.normal(0, 0.07),
        "open": max(0.0, rng.normal(0.35, 0.35)) if smile else 0.0,
        "surprise": rng.normal(0.05, 0.012) if smile < 0 else rng.normal(0, 0.008),
        "blink": rng.normal(1.0, 0.10),
        "glasses": float(chosen["glasses"] == "yes"),
        "background": rng.normal(0.42, 0.04),
        "grain": float(rng.integers(2**31)),
    }


SOURCE = DataSource(
    name="synthetic",
    credit="synthetic faces, generated by this project: no real people",
    is_synthetic=True,
    load=lambda settings: generate_faces(settings.people, settings.images, settings.seed),
    conditions=list_conditions,
)
