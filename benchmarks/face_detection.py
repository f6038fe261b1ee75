"""Find faces in composed scenes: recall, false boxes, accuracy after cropping, and time.

Test faces of real people are enlarged 1 to 4 times, tilted by up to 15° and put on cluttered
backgrounds, one to five per picture. The recognisers are trained on other images of these people.

    python -m benchmarks.face_detection --pictures 100
"""

import argparse
import time

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.scenes import PlacedFace, compose_scene
from faces.data.dataset import load_faces
from faces.data.detection import DetectedFace, find_faces
from faces.data.split import split_by_condition
from faces.models import build_model
from faces.models.training import fit_classifier, fit_features

PHOTO = (3000, 4000)
"""Height and width of a 12-megapixel photo."""

MODELS = ("svm", "fisher")
Images = NDArray[np.float32]
Matched = tuple[int, DetectedFace, PlacedFace]
"""Row of a test image, and where it was found and placed."""


def main() -> None:
    """Compose scenes, search them, and print the figures in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    faces = load_faces("olivetti")
    split = split_by_condition(faces, {}, test_share=0.4, seed=args.seed)
    matched: list[Matched] = []
    placed_faces = false_boxes = 0
    for _ in track(range(args.pictures), "searching", transient=True):
        rows = rng.choice(split.test, rng.integers(1, 6), replace=False)
        scene, placed = compose_scene(list(faces.images[rows]), rng)
        found = find_faces(scene)
        pairs = match(rows, placed, found)
        matched += pairs
        placed_faces += len(placed)
        false_boxes += len(found) - len(pairs)
    print("| figure | |\n|---|---|")
    print(f"| faces found | {len(matched)} of {placed_faces} ({len(matched) / placed_faces:.1%}) |")
    print(f"| false boxes per picture | {false_boxes / args.pictures:.2f} |")
    print(f"| tilt: mean error | {np.mean([abs(f.tilt - p.tilt) for _, f, p in matched]):.1f}° |")
    for model in MODELS:
        before, after = accuracy(model, faces.images, faces.labels, split.train, matched)
        print(f"| accuracy, {model}: cropped beforehand, found | {before:.1%}, {after:.1%} |")
    milliseconds = photo_milliseconds(rng, faces.images)
    print(f"| 12-megapixel photo with three faces | {milliseconds:.0f} ms |")


def match(
    rows: NDArray[np.int64], placed: list[PlacedFace], found: list[DetectedFace]
) -> list[Matched]:
    """Match faces that were found with those that were placed.

    Args:
        rows: Row of each placed face.
        placed: The faces of a scene.
        found: What the detector found in it.

    Returns:
        Matches: the centres are less than 30 % of the side apart, and the sizes are similar.
    """
    left, pairs = list(found), []
    for row, truth in zip(rows, placed, strict=True):
        for face in left:
            near = np.hypot(face.x - truth.x, face.y - truth.y) < 0.3 * truth.side
            if near and 0.6 < face.side / truth.side < 1.6:
                pairs.append((int(row), face, truth))
                left.remove(face)
                break
    return pairs


def accuracy(
    name: str, images: Images, labels: NDArray[np.str_], train: NDArray[np.int64],
    matched: list[Matched],
) -> tuple[float, float]:  # fmt: skip
    """Return the accuracy on the same faces, as cropped beforehand and as found.

    Args:
        name: The model.
        images: All images (n, 64, 64).
        labels: Their labels.
        train: Rows to train on.
        matched: The test faces that were found.

    Returns:
        Accuracy on the original crops, and on those of the detector.
    """
    model = build_model(name)
    pixels = images.reshape(len(images), -1)
    features = fit_features(model, pixels[train], labels[train])
    fitted = fit_classifier(model, features, pixels[train], labels[train])
    rows = [row for row, _, _ in matched]
    crops = np.stack([face.image.ravel() for _, face, _ in matched])
    before = (fitted.predict(pixels[rows]) == labels[rows]).mean()
    return float(before), float((fitted.predict(crops) == labels[rows]).mean())


def photo_milliseconds(rng: np.random.Generator, images: Images, repeats: int = 7) -> float:
    """Return the median time to find and crop the faces of a decoded 12-megapixel photo.

    Args:
        rng: Source of randomness.
        images: Faces to put into it.
        repeats: How often it is measured.
    """
    scene, _ = compose_scene(list(images[rng.choice(len(images), 3, replace=False)]), rng)
    photo = cv2.resize(scene, PHOTO[::-1], interpolation=cv2.INTER_CUBIC).clip(0, 1)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        find_faces(photo)
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times))


if __name__ == "__main__":
    main()
