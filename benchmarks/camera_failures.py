"""After how many images a failing camera is reported, and how often a working one is.

    python -m benchmarks.camera_failures

Held-out images arrive one at a time, and the test is repeated after each.
The limits of the test were chosen on splits with seeds from 5000 on.
"""

import argparse
from collections.abc import Callable

import numpy as np
from rich.progress import track

from faces.data.conditions import parse_condition
from faces.data.corruptions import corrupt
from faces.data.dataset import load_faces
from faces.data.split import split_by_condition
from faces.drift.image_quality import QualityResult, binomial_p_value, find_unusual

IMAGES = 100
Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]
CHANGES: dict[str, Change] = {
    "none": lambda images, _: images,
    "turned heads": lambda images, _: images,
    "occlusion (corruption)": lambda images, _: corrupt("occlusion", images),
    "covered lens": lambda images, _: np.zeros_like(images),
    "over-exposed, +0.4": lambda images, _: np.clip(images + 0.4, 0, 1),
    "inverted": lambda images, _: 1 - images,
    "noise only": lambda images, rng: rng.random(images.shape),
    "dark, × 0.3": lambda images, _: 0.3 * images,
    "gamma 3": lambda images, _: images**3,
    "contrast × 0.2": lambda images, _: 0.5 + 0.2 * (images - 0.5),
    "upside down": lambda images, _: images[:, ::-1],
}


def main() -> None:
    """Print a Markdown table: share of streams that are reported, and after how many images."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--streams", type=int, default=200)
    args = parser.parse_args()
    faces = load_faces("olivetti")
    found: dict[str, list[float]] = {name: [] for name in CHANGES}
    for seed in track(range(args.streams), "streams"):
        rng = np.random.default_rng(seed)
        split = split_by_condition(
            faces, parse_condition("yaw=frontal", faces.conditions), seed=seed
        )
        for name, change in CHANGES.items():
            part = split.drifted if name == "turned heads" else split.test
            rows = rng.choice(part, IMAGES)
            images = change(faces.images[rows], rng)
            found[name].append(images_until_reported(images, faces.images[split.train]))
    print(f"\n{args.streams} streams of {IMAGES} images\n")
    print("| images | reported | median images until reported | 90th percentile |")
    print("|---|---|---|---|")
    for name, counts in found.items():
        reported = np.array([count for count in counts if np.isfinite(count)])
        figures = [f"{q:.0f}" for q in np.percentile(reported, (50, 90))] if len(reported) else "––"
        print(f"| {name} | {len(reported) / len(counts):.1%} | {figures[0]} | {figures[1]} |")


def images_until_reported(images: np.ndarray, enrolled: np.ndarray) -> float:
    """Return after how many images the test reports a failure; infinity if it never does."""
    unusual = np.cumsum(find_unusual(images, enrolled).any(axis=1))
    for count, total in enumerate(unusual, start=1):
        if QualityResult(count, int(total), "", binomial_p_value(int(total), count)).failed:
            return count
    return np.inf


if __name__ == "__main__":
    main()
