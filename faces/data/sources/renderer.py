"""Render heads in numpy: an ellipsoid, an orthographic camera and Lambertian shading.

Every feature (brow, eye, nose, mouth) lies on the ellipsoid's surface, so turning the head moves
it. Edges are soft. Lengths are in half image sides, tones from 0 (black) to 1 (white), angles in
radians.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces.runtime.image import IMAGE_SIDE

Array = NDArray[Any]


def render(faces: Sequence[Mapping[str, float]]) -> NDArray[np.float32]:
    """Render a batch of faces.

    Args:
        faces: The proportions and variations of each face, by name: see `synthetic`.

    Returns:
        Images (n, 64, 64) in [0, 1].
    """
    p = {k: np.array([f[k] for f in faces], np.float32)[:, None, None] for k in faces[0]}
    x, y = _camera_coordinates(p)
    half_width = p["head_width"] * (1 - p["jaw"] * np.clip(y - 0.1, 0, 1) ** 1.5)
    u, v = x / half_width, y / p["head_height"]
    inside = 1 - u**2 - v**2
    depth = np.sqrt(np.clip(inside, 0.0, 1.0))

    # the point of the face that each pixel shows, after undoing the rotation of the head
    angle = np.arctan2(u, depth + 1e-3) - p["yaw"]
    fx = np.sin(np.clip(angle, -1.5, 1.5)) * np.sqrt(np.clip(1 - v**2, 0, 1)) * p["head_width"]
    fy = y - p["pitch"] * depth
    visible = _soft(1.45 - np.abs(angle), 0.15)

    face = _draw_skin(fx, fy, p)
    face = _draw_nose(_draw_mouth(_draw_eyes(face, fx, fy, p), fx, fy, p), fx, fy, p)
    face = _draw_hair(face, fx, fy, visible, p)

    # Lambertian shading of the ellipsoid: a lamp above the camera or at one side, and ambient light
    strength = np.sqrt(p["light_x"] ** 2 + p["light_y"] ** 2 + 1)
    lambert = (u * p["light_x"] + v * p["light_y"] + depth) / strength
    shade = 0.30 + 0.80 * np.clip(lambert, 0, None)
    image = _draw_background(x, y, half_width, p)
    image = _over(image, face * shade, _soft(inside, 0.05)) * p["gain"]
    rendered: Array = np.clip(image + _grain(faces), 0, 1).astype(np.float32)
    return rendered


def _camera_coordinates(p: Mapping[str, Array]) -> tuple[Array, Array]:
    """Return each pixel's position relative to the head: shifted, rotated in plane, zoomed."""
    axis = (np.arange(IMAGE_SIDE, dtype=np.float32) + 0.5) / IMAGE_SIDE * 2 - 1
    x, y = axis[None, None, :] - p["shift_x"], axis[None, :, None] - p["shift_y"] - 0.04
    cos, sin = np.cos(p["roll"]), np.sin(p["roll"])
    return (x * cos + y * sin) * p["zoom"], (-x * sin + y * cos) * p["zoom"]


def _draw_skin(fx: Array, fy: Array, p: Mapping[str, Array]) -> Array:
    skin = p["complexion"] + np.zeros_like(fx)
    for tone, cx, cy, wx, wy in (
        (-p["eye_socket"], p["eye_distance"], p["eye_height"], 0.17, 0.10),
        (p["cheek"], 0.30, 0.18, 0.13, 0.12),
    ):
        skin += tone * _blob(np.abs(fx), fy, cx, cy, wx, wy)
    skin += p["nose_bridge"] * _blob(fx, fy, 0.0, 0.0, 0.045, 0.20)
    skin += p["chin"] * _blob(fx, fy, 0.0, 0.66, 0.12, 0.08)
    beard = np.clip(p["beard"], 0, 0.5) * _soft(fy - 0.30, 0.12)
    beard += np.clip(p["moustache"], 0, 0.5) * _blob(
        fx, fy, 0, p["mouth_height"] - 0.09, 0.16, 0.035
    )
    shaded: Array = skin - beard * p["complexion"]
    return shaded


def _draw_hair(face: Array, fx: Array, fy: Array, visible: Array, p: Mapping[str, Array]) -> Array:
    """Draw hair above a parted hair line, and at the sides of the head."""
    line = p["hair_line"] + 0.10 * np.cos(3 * (fx - p["hair_parting"]))
    sides = _soft(np.abs(fx) / p["head_width"] - p["hair_sides"], 0.05) * _soft(
        p["hair_length"] - fy, 0.06
    )
    hair = np.maximum(_soft(line - fy, 0.05), sides)
    strands = 0.05 * np.sin(38 * fx + p["texture"] % 7 + 5 * np.sin(4 * fy))
    return _over(face, p["hair_tone"] + strands, hair * visible)


def _draw_background(x: Array, y: Array, half_width: Array, p: Mapping[str, Array]) -> Array:
    """Draw what is behind the face: background, neck, and hair around the head."""
    image = p["background"] * (1 + 0.25 * p["light_x"] * x)
    neck = _soft(0.30 - np.abs(x), 0.06) * _soft(y - 0.4, 0.1)
    image = _over(image, p["complexion"] * 0.55, neck)
    crown = _soft(1.0 - (x / (half_width * 1.13)) ** 2 - (y / (p["head_height"] * 1.10)) ** 2, 0.05)
    hair = crown * _soft(0.05 - y + p["hair_length"], 0.1)
    return _over(image, p["hair_tone"] * 0.8, hair)


def _draw_eyes(face: Array, fx: Array, fy: Array, p: Mapping[str, Array]) -> Array:
    ax = np.abs(fx)
    dx, dy = ax - p["eye_distance"], fy - p["eye_height"]
    opening = p["eye_opening"] * np.clip(p["blink"] - 0.25 * np.clip(p["smile"], 0, 1), 0.15, 1.6)
    lid = opening * np.clip(1 - (dx / p["eye_width"]) ** 2, 0, None)
    eye = _soft(lid - np.abs(dy), 0.018) * _soft(p["eye_width"] - np.abs(dx), 0.02)
    face = _over(
        face,
        p["complexion"] * 0.55,
        _blob(ax, fy, p["eye_distance"], p["eye_height"] - opening, 0.11, 0.02),
    )
    face = _over(face, 0.82, eye)
    iris = _soft(0.048**2 - dx**2 - dy**2, 0.0012)
    face = _over(face, p["iris_tone"], iris * eye)
    arch = p["brow_height"] - p["surprise"] + p["brow_slope"] * dx + 1.6 * dx**2
    brow = _soft(p["brow_thickness"] - np.abs(fy - arch), 0.022) * _soft(0.145 - np.abs(dx), 0.03)
    face = _over(face, p["hair_tone"] * (1 - p["brow_tone"]) + 0.08, 0.85 * brow)
    rim = np.abs(np.sqrt((dx / 1.15) ** 2 + (dy - 0.01) ** 2) - 0.155)
    bridge = _soft(0.018 - np.abs(dy + 0.03), 0.015) * _soft(p["eye_distance"] - 0.16 - ax, 0.02)
    frame = np.maximum(_soft(0.022 - rim, 0.016), bridge)
    return _over(face, 0.10, 0.9 * p["glasses"] * frame)


def _draw_nose(face: Array, fx: Array, fy: Array, p: Mapping[str, Array]) -> Array:
    tip = p["nose_length"]
    face = face + 0.10 * _blob(fx, fy, 0.0, tip - 0.04, 0.05, 0.05)
    shadow = _blob(np.abs(fx), fy, p["nose_width"], tip, 0.035, 0.04)
    nostril = _blob(np.abs(fx), fy, p["nose_width"] * 0.5, tip + 0.045, 0.03, 0.018)
    return face * (1 - 0.30 * shadow) * (1 - 0.60 * nostril)


def _draw_mouth(face: Array, fx: Array, fy: Array, p: Mapping[str, Array]) -> Array:
    width = p["mouth_width"] * (1 + 0.22 * p["smile"])
    bend = 0.09 * p["smile"] * ((fx / width) ** 2 - 0.5)
    dy = fy - p["mouth_height"] + bend
    taper = np.sqrt(np.clip(1 - (fx / width) ** 2, 0, 1))
    gap = 0.06 * p["open"] * taper
    lips = _soft((p["lip_thickness"] * taper + gap) - np.abs(dy), 0.02) * (taper > 0)
    face = _over(face, p["complexion"] * (1 - p["lip_tone"]), lips)
    line = _soft(0.012 * taper - np.abs(dy), 0.012) * (taper > 0)
    face = _over(face, 0.15, 0.7 * line)
    return _over(face, 0.80, _soft(gap - np.abs(dy), 0.015) * (gap > 0.015))


def _grain(faces: Sequence[Mapping[str, float]]) -> Array:
    """Return the camera noise of each image, from its own seed."""
    noise = [
        np.random.default_rng(int(f["grain"])).normal(0, 0.012, (IMAGE_SIDE, IMAGE_SIDE))
        for f in faces
    ]
    return np.array(noise, np.float32)


def _soft(signed: Array, width: float) -> Array:
    """Return 1 where `signed` is positive, 0 where it is negative, with an edge of `width`."""
    return 0.5 + 0.5 * np.tanh(signed / width)


def _blob(x: Array, y: Array, cx: Any, cy: Any, wx: float, wy: float) -> Array:
    blob: Array = np.exp(-(((x - cx) / wx) ** 2) - ((y - cy) / wy) ** 2)
    return blob


def _over(below: Array, tone: Any, alpha: Array) -> Array:
    blend: Array = below * (1 - alpha) + tone * alpha
    return blend
