"""Pictures that are composed of faces and cluttered backgrounds, with known places of the faces."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faces.runtime.image import IMAGE_SIDE

Picture = NDArray[np.float32]
MAX_TILT, MAX_SCALE = 15.0, 4.0
HEIGHT, WIDTH = 768, 1024
MIDDLE = (IMAGE_SIDE - 1) / 2
ATTEMPTS = 200
"""Places that are tried for a face that must not overlap with others."""


@dataclass(frozen=True)
class PlacedFace:
    """Where a face is in a scene.

    Attributes:
        x: Its centre in pixels.
        y: Its centre.
        side: Its side.
        tilt: By how many degrees it is turned clockwise.
    """

    x: float
    y: float
    side: float
    tilt: float


def compose_scene(
    images: Sequence[Picture], rng: np.random.Generator, size: tuple[int, int] = (HEIGHT, WIDTH)
) -> tuple[Picture, list[PlacedFace]]:
    """Put faces on a cluttered background, enlarged 1 to 4 times and tilted by up to 15°.

    Args:
        images: Faces (64, 64) in [0, 1].
        rng: Source of randomness.
        size: Height and width of the picture; faces of 4 times their size must fit.

    Returns:
        Grey pixels in [0, 1], and the place of each face.
    """
    scene = cluttered_background(rng, size)
    placed: list[PlacedFace] = []
    for image in images:
        face = _free_place(rng, placed, size)
        placed.append(face)
        scene = paste_face(scene, image, face)
    return scene, placed


def _free_place(
    rng: np.random.Generator, placed: Sequence[PlacedFace], size: tuple[int, int]
) -> PlacedFace:
    for _ in range(ATTEMPTS):
        side = IMAGE_SIDE * rng.uniform(1, MAX_SCALE)
        radius = 0.75 * side
        y, x = (rng.uniform(radius, length - radius) for length in size)
        tilt = rng.uniform(-MAX_TILT, MAX_TILT)
        if all(np.hypot(x - f.x, y - f.y) > radius + 0.75 * f.side for f in placed):
            return PlacedFace(x, y, side, tilt)
    raise RuntimeError("no place is left for another face: make the picture larger")


def paste_face(scene: Picture, image: Picture, face: PlacedFace) -> Picture:
    """Paste a face into a picture, with soft edges.

    Args:
        scene: Grey pixels in [0, 1].
        image: The face (64, 64).
        face: Where to put it.

    Returns:
        The picture with the face.
    """
    matrix = cv2.getRotationMatrix2D((MIDDLE, MIDDLE), -face.tilt, face.side / IMAGE_SIDE)
    matrix[:, 2] += [face.x - MIDDLE, face.y - MIDDLE]
    size = scene.shape[::-1]
    inner = np.zeros_like(image)
    inner[1:-1, 1:-1] = 1
    mask = cv2.GaussianBlur(cv2.warpAffine(inner, matrix, size), (0, 0), 1.5)
    pasted = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC)
    return np.asarray(np.clip(scene * (1 - mask) + pasted * mask, 0, 1), np.float32)


def cluttered_background(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """Draw uneven light, many shapes and lines, and grain.

    Args:
        rng: Source of randomness.
        size: Height and width.

    Returns:
        Grey pixels in [0, 1].
    """
    height, width = size
    light = rng.random((int(rng.integers(3, 9)), int(rng.integers(3, 9)))).astype(np.float32)
    scene = cv2.resize(light, (width, height), interpolation=cv2.INTER_CUBIC) * 0.6 + 0.2
    for _ in range(int(rng.integers(30, 80))):
        _draw_shape(scene, rng)
    grain = rng.normal(0, 1, size).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), float(rng.uniform(0.5, 3)))
    return np.asarray(np.clip(scene + 0.03 * grain / grain.std(), 0, 1), np.float32)


def _draw_shape(scene: Picture, rng: np.random.Generator) -> None:
    height, width = scene.shape
    tone = float(rng.random())
    x, y = int(rng.integers(width)), int(rng.integers(height))
    across, down = (int(side) for side in rng.integers(8, 160, 2))
    thickness = -1 if rng.random() < 0.6 else int(rng.integers(1, 5))
    kind = rng.integers(4)
    if kind == 0:
        cv2.rectangle(scene, (x, y), (x + across, y + down), tone, thickness)
    elif kind == 1:
        turn = float(rng.uniform(0, 180))
        cv2.ellipse(scene, (x, y), (across, down), turn, 0, 360, tone, thickness)
    elif kind == 2:
        end = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.line(scene, (x, y), end, tone, int(rng.integers(1, 9)))
    else:
        corners = rng.integers(-across, across, (3, 2)) + np.array([x, y])
        cv2.fillPoly(scene, [corners.astype(np.int32)], tone)
