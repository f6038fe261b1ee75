"""What the check whether an image is a face accepts and rejects.

    python -m benchmarks.not_faces          # 20 splits, half a minute

In each repetition, whose number is its seed, the check is fitted to 60 % of each person's frontal
images. It then sees the others, turned heads, changed faces, and images that are not faces: drawn
ones, changed faces, parts of photographs, and handwritten digits. The check was designed on seeds
100 to 103, with most of the same kinds of images.
"""

import argparse
import platform
from collections import defaultdict
from collections.abc import Mapping
from datetime import date

import numpy as np
import scipy
from numpy.typing import NDArray
from rich.progress import track
from sklearn.datasets import load_digits, load_sample_images

from benchmarks.unseen_changes import changes
from faces.data.conditions import parse_condition
from faces.data.dataset import load_faces
from faces.data.split import split_by_condition
from faces.models.face_check import fit_face_check

IMAGES, SIDE, PATCH = 40, 64, 16
Images = NDArray[np.floating]


def main() -> None:
    """Print a Markdown table: the share of each kind of images that is taken for faces."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--splits", type=int, default=20)
    args = parser.parse_args()
    accepted: dict[str, list[float]] = defaultdict(list)
    for seed in track(range(args.splits), "testing"):
        for kind, share in run_repetition(seed):
            accepted[kind].append(share)
    print(f"\n{date.today()}, {platform.machine()}, {args.splits} splits\n")
    print("| images | accepted, mean | lowest–highest |\n|---|---|---|")
    for kind, shares in accepted.items():
        print(f"| {kind} | {np.mean(shares):.1%} | {min(shares):.0%}–{max(shares):.0%} |")


def run_repetition(seed: int) -> list[tuple[str, float]]:
    """Fit the check on one split; return the share of each kind of images that it accepts."""
    rng = np.random.default_rng(seed)
    faces = load_faces("olivetti")
    condition = parse_condition("yaw=frontal", faces.conditions)
    split = split_by_condition(faces, condition, test_share=0.4, seed=seed)
    train = faces[split.train]
    check = fit_face_check(train.pixels, train.labels)
    assert check is not None
    held_out = np.asarray(faces.images[split.test], np.float64)
    shown: dict[str, Images] = {"held-out faces": held_out}
    shown["turned heads"] = np.asarray(faces.images[split.drifted])
    shown |= {
        f"faces: {name}": np.stack([change(image) for image in held_out])
        for name, change in changes(rng).items()
    }
    shown |= not_faces(rng.permutation(held_out)[:IMAGES], rng)
    return [
        (kind, float(check.accepts(to_pixels(images)).mean())) for kind, images in shown.items()
    ]


def to_pixels(images: Images) -> NDArray[np.float32]:
    """Return images as rows of pixels in [0, 1]."""
    return np.clip(images, 0, 1).reshape(len(images), -1).astype(np.float32)


def not_faces(faces: Images, rng: np.random.Generator) -> Mapping[str, Images]:
    """Return images of several kinds that are not faces; the last kinds are made from faces.

    Args:
        faces: 40 faces (40, 64, 64).
        rng: Draws the images.

    Returns:
        40 images of each kind, by name.
    """
    return {**drawn_images(rng), **pictures(rng), **spoilt_faces(faces, rng)}


def drawn_images(rng: np.random.Generator) -> Mapping[str, Images]:
    """Return noise, textures and shapes."""
    noise = rng.normal(size=(IMAGES, SIDE, SIDE))
    down, right = np.mgrid[:SIDE, :SIDE] / (SIDE - 1)
    angles, waves, shifts = (rng.uniform(0, 2 * np.pi, (IMAGES, 1, 1)) for _ in range(3))
    along = down * np.cos(angles) + right * np.sin(angles)
    x, y, width = (rng.uniform(0.25, 0.75, (IMAGES, 1, 1)) for _ in range(3))
    return {
        "noise": rng.random((IMAGES, SIDE, SIDE)),
        "grey with faint noise": 0.5 + 0.01 * noise,
        "black, grey or white": np.broadcast_to(rng.random((IMAGES, 1, 1)), noise.shape),
        "fine textures": _stretched(scipy.ndimage.gaussian_filter(noise, (0, 2, 2))),
        "coarse textures": _stretched(scipy.ndimage.gaussian_filter(noise, (0, 6, 6))),
        "gratings": 0.5 + 0.4 * np.sin((2 + 12 * waves) * along + shifts),
        "gradients": _stretched(along),
        "blurred spots": np.exp(-((down - y) ** 2 + (right - x) ** 2) / (0.3 * width)),
        "checkerboards": _checkerboards(rng),
    }


def pictures(rng: np.random.Generator) -> Mapping[str, Images]:
    """Return parts of two photographs, of a temple and of a flower, and handwritten digits."""
    photographs = [np.asarray(p).mean(axis=2) / 255 for p in load_sample_images().images]
    digits = load_digits().images / 16
    parts = []
    for number in range(IMAGES):
        photograph, side = photographs[number % 2], int(rng.integers(SIDE, 400))
        top, left = (int(rng.integers(0, length - side + 1)) for length in photograph.shape)
        part = photograph[top : top + side, left : left + side]
        parts.append(scipy.ndimage.zoom(part, SIDE / side, order=1)[:SIDE, :SIDE])
    chosen = digits[rng.integers(0, len(digits), IMAGES)]
    return {
        "parts of photographs": np.stack(parts),
        "digits": scipy.ndimage.zoom(chosen, (1, 8, 8), order=1),
    }


def spoilt_faces(faces: Images, rng: np.random.Generator) -> Mapping[str, Images]:
    """Return what can no longer be recognised as a face, or only half."""
    left, right, upper, lower = (faces.copy() for _ in range(4))
    left[:, :, 32:] = right[:, :, :32] = upper[:, 32:] = lower[:, :32] = 0
    return {
        "inverted faces": 1 - faces,
        "upside-down faces": faces[:, ::-1],
        "faces on their side": np.rot90(faces, axes=(1, 2)),
        "faces with shuffled patches": np.stack([_shuffled(face, rng) for face in faces]),
        "left half of a face": left,
        "right half of a face": right,
        "upper half of a face": upper,
        "lower half of a face": lower,
    }


def _shuffled(face: Images, rng: np.random.Generator) -> Images:
    number = SIDE // PATCH
    patches = face.reshape(number, PATCH, number, PATCH).swapaxes(1, 2).reshape(-1, PATCH, PATCH)
    shuffled = rng.permutation(patches).reshape(number, number, PATCH, PATCH)
    return np.asarray(shuffled.swapaxes(1, 2).reshape(SIDE, SIDE))


def _checkerboards(rng: np.random.Generator) -> Images:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    fields = rng.integers(4, 24, (IMAGES, 1, 1))
    shift = rng.integers(0, 24, (2, IMAGES, 1, 1))
    return np.asarray(((rows + shift[0]) // fields + (columns + shift[1]) // fields) % 2, float)


def _stretched(images: Images) -> Images:
    low, high = (f(images, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    return np.asarray((images - low) / (high - low))


if __name__ == "__main__":
    main()
