"""What drift detection finds in pictures with changes that no feature was designed for.

    python -m benchmarks.unseen_changes                  # 100 windows of each kind, a few minutes

In each repetition, the default model is trained on 60 % of each person's frontal images. Windows
are of the others, all changed alike. They have no labels, and are tested from 5 images on, as in
`benchmarks.findings`. The number of a repetition is its seed; nothing was chosen on these changes.
"""

import argparse
import platform
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from io import BytesIO

import numpy as np
import scipy
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track
from threadpoolctl import threadpool_limits

from benchmarks.findings import BASELINE, Trial
from faces.data.conditions import parse_condition
from faces.data.dataset import load_faces
from faces.data.split import split_by_condition

SIZES = (10, 25)
Picture = NDArray[np.float64]
"""One image (64, 64) in [0, 1]."""


def main() -> None:
    """Print a Markdown table: share of windows in which the change is found, by size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--windows", type=int, default=100, help="number of windows of each kind")
    args = parser.parse_args()
    found: dict[str, dict[int, list[bool]]] = defaultdict(lambda: defaultdict(list))
    with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        work = pool.map(run_repetition, range(args.windows))
        for outcomes in track(work, "testing windows", total=args.windows):
            for kind, size, pictures in outcomes:
                found[kind][size].append(pictures)
    print(f"\n{date.today()}, {platform.machine()}, {args.windows} windows of each kind\n")
    print("| windows | " + " | ".join(f"n = {size}" for size in SIZES) + " |")
    print("|---" * (len(SIZES) + 1) + "|")
    for kind, by_size in found.items():
        shares = " | ".join(f"{np.mean(by_size[size]):.1%}" for size in SIZES)
        print(f"| {kind} | {shares} |")


def run_repetition(seed: int) -> list[tuple[str, int, bool]]:
    """Train on one split, and return kind, size and alarm of one window of each kind and size."""
    rng = np.random.default_rng(seed)
    faces = load_faces("olivetti")
    condition = parse_condition("yaw=frontal", faces.conditions)
    split = split_by_condition(faces, condition, test_share=0.4, seed=seed)
    trial = Trial(faces, split.train, rng.permutation(split.test)[:BASELINE])
    others = np.setdiff1d(split.test, trial.tested)
    outcomes = []
    for size in SIZES:
        usual, turned = (
            np.asarray(faces.images[rng.permutation(rows)[:size]])
            for rows in (others, split.drifted)
        )
        windows = {"no drift": usual, "turned heads": turned}
        windows |= {
            name: np.stack([change(image) for image in usual.astype(np.float64)])
            for name, change in changes(rng).items()
        }
        for kind, window in windows.items():
            pictures, *_ = trial.assess(np.clip(window, 0, 1))
            outcomes.append((kind, size, pictures))
    return outcomes


def changes(rng: np.random.Generator) -> Mapping[str, Callable[[Picture], Picture]]:
    """Return what is done to each image, by name."""
    return {
        "JPEG, quality 30": lambda image: compress(image, 30),
        "JPEG, quality 10": lambda image: compress(image, 10),
        "gamma 0.5": lambda image: image**0.5,
        "gamma 2": lambda image: image**2,
        "vignette": darken_corners,
        "motion blur, 5 pixels": lambda image: scipy.ndimage.uniform_filter1d(image, 5, axis=1),
        "motion blur, 9 pixels": lambda image: scipy.ndimage.uniform_filter1d(image, 9, axis=1),
        "half size and back": lambda image: resize(resize(image, 32), 64),
        "mirrored": lambda image: image[:, ::-1],
        "salt and pepper, 5 %": lambda image: add_salt_and_pepper(image, rng),
        "low contrast (× 0.6)": lambda image: 0.6 * image + 0.2,
        "shifted by 3 pixels": lambda image: scipy.ndimage.shift(image, (3, 3), mode="nearest"),
        "enlarged by 10 %": lambda image: resize(image, 70)[3:67, 3:67],
        "sunglasses": cover_eyes,
        "sharpened": lambda image: 2 * image - scipy.ndimage.gaussian_filter(image, 1),
    }


def compress(image: Picture, quality: int) -> Picture:
    """Compress an image as JPEG."""
    file = BytesIO()
    pixels = np.round(image * 255).astype(np.uint8)
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file)) / 255


def resize(image: Picture, size: int) -> Picture:
    """Resize a square image."""
    pixels = Image.fromarray(np.round(image * 255).astype(np.uint8))
    return np.asarray(pixels.resize((size, size), Image.Resampling.BILINEAR)) / 255


def darken_corners(image: Picture) -> Picture:
    """Darken an image with the distance from its centre, by 60 % in the corners."""
    offsets = np.linspace(-1, 1, len(image)) ** 2
    return np.asarray(image * (1 - 0.3 * (offsets[:, None] + offsets)))


def add_salt_and_pepper(image: Picture, rng: np.random.Generator) -> Picture:
    """Set 5 % of the pixels to black or white."""
    replaced = rng.random(image.shape) < 0.05
    return np.where(replaced, rng.integers(0, 2, image.shape), image)


def cover_eyes(image: Picture) -> Picture:
    """Cover the eyes with a dark bar."""
    covered = image.copy()
    covered[20:32, 8:56] = 0.1
    return covered


if __name__ == "__main__":
    main()
