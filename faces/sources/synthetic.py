"""Faces drawn by a procedure: people who never existed, under conditions we choose.

A head is an ellipsoid seen by an orthographic camera. Every feature (brow, eye, nose, mouth) sits
on its surface, so turning the head moves it, and light falls on it by Lambert's law. A person is a
vector of about thirty proportions; an image adds pose, light, expression, glasses and small
changes of its own. Everything is drawn with soft edges in numpy, a batch of images at a time.
"""

from collections.abc import Mapping
from itertools import cycle, islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SIDE = 64
CONDITIONS: Mapping[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "yaw": (("frontal", "left", "right"), (0.70, 0.15, 0.15)),
    "lighting": (("even", "left", "right", "dark"), (0.79, 0.08, 0.08, 0.05)),
    "expression": (("neutral", "smile", "other"), (0.5, 0.35, 0.15)),
    "glasses": (("no", "yes"), (0.8, 0.2)),
}
"""Values of each condition and how often each is drawn."""

BASELINE_IMAGES = 3
"""Every person's first images are frontal, evenly lit, neutral and without glasses."""

Array = NDArray[Any]

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


def draw_faces(
    people: int = 40, images: int = 10, seed: int = 0, batch: int = 256
) -> tuple[NDArray[np.float32], NDArray[np.str_], pd.DataFrame]:
    """Draw `images` pictures of each of `people` invented persons.

    Returns images (people·images, 64, 64) float32 in [0, 1], subject names, and a table with the
    columns of `CONDITIONS`. The same arguments draw the same faces, and person k looks the same
    whatever the number of people and images.
    """
    width = len(str(people))
    pictures = np.empty((people * images, SIDE, SIDE), np.float32)
    rows: dict[str, list[str]] = {name: [] for name in CONDITIONS}
    pending: list[dict[str, float]] = []
    done = 0
    for person in range(people):
        rng = np.random.default_rng([seed, person])
        identity = {k: rng.normal(m, s) for k, (m, s) in PROPORTIONS.items()}
        identity["texture"] = float(rng.integers(2**31))
        for number in range(images):
            chosen = _choose_conditions(rng, baseline=number < BASELINE_IMAGES)
            for name, value in chosen.items():
                rows[name].append(value)
            pending.append(identity | _vary(rng, chosen))
            if len(pending) == batch:
                pictures[done : done + batch] = _render(pending)
                done, pending = done + batch, []
    if pending:
        pictures[done:] = _render(pending)
    names = [f"synthetic-{person:0{width}d}" for person in range(1, people + 1)]
    return pictures, np.repeat(np.array(names), images), pd.DataFrame(rows)


def list_conditions() -> pd.DataFrame:
    """Every condition with all its values, repeated to the length of the longest."""
    longest = max(len(values) for values, _ in CONDITIONS.values())
    return pd.DataFrame(
        {name: list(islice(cycle(values), longest)) for name, (values, _) in CONDITIONS.items()}
    )


def _choose_conditions(rng: np.random.Generator, baseline: bool) -> dict[str, str]:
    chosen = {n: str(rng.choice(values, p=odds)) for n, (values, odds) in CONDITIONS.items()}
    return {n: values[0] for n, (values, _) in CONDITIONS.items()} if baseline else chosen


def _vary(rng: np.random.Generator, chosen: Mapping[str, str]) -> dict[str, float]:
    """Numbers that one image adds to its person: pose, light, expression, accidents."""
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


def _render(faces: list[dict[str, float]]) -> Array:
    """Draw a batch; every name of a proportion or variation becomes a column (n, 1, 1)."""
    p = {k: np.array([f[k] for f in faces], np.float32)[:, None, None] for k in faces[0]}
    axis = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE * 2 - 1
    x0, y0 = axis[None, None, :] - p["shift_x"], axis[None, :, None] - p["shift_y"] - 0.04
    cos, sin = np.cos(p["roll"]), np.sin(p["roll"])
    x, y = (x0 * cos + y0 * sin) * p["zoom"], (-x0 * sin + y0 * cos) * p["zoom"]

    # the head, its depth and the point of it that each pixel shows once the head is turned back
    half = p["head_width"] * (1 - p["jaw"] * np.clip(y - 0.1, 0, 1) ** 1.5)
    u, v = x / half, y / p["head_height"]
    inside = 1 - u**2 - v**2
    depth = np.sqrt(np.clip(inside, 0.0, 1.0))
    head = _soft(inside, 0.05)
    angle = np.arctan2(u, depth + 1e-3) - p["yaw"]
    fx = np.sin(np.clip(angle, -1.5, 1.5)) * np.sqrt(np.clip(1 - v**2, 0, 1)) * p["head_width"]
    fy = y - p["pitch"] * depth
    seen = _soft(1.45 - np.abs(angle), 0.15)

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
    skin -= beard * p["complexion"]

    face = _draw_nose(_draw_mouth(_draw_eyes(skin, fx, fy, p), fx, fy, p), fx, fy, p)

    # hair: above a parted hair line, and at the sides of the head
    line = p["hair_line"] + 0.10 * np.cos(3 * (fx - p["hair_parting"]))
    sides = _soft(np.abs(fx) / p["head_width"] - p["hair_sides"], 0.05) * _soft(
        p["hair_length"] - fy, 0.06
    )
    hair = np.maximum(_soft(line - fy, 0.05), sides)
    crown = _soft(1.0 - (x / (half * 1.13)) ** 2 - (y / (p["head_height"] * 1.10)) ** 2, 0.05)
    strands = 0.05 * np.sin(38 * fx + p["texture"] % 7 + 5 * np.sin(4 * fy))
    face = _over(face, p["hair_tone"] + strands, hair * seen)

    # Lambert's law on the ellipsoid, a lamp above the camera or at a side, some light all around
    strength = np.sqrt(p["light_x"] ** 2 + p["light_y"] ** 2 + 1)
    lambert = (u * p["light_x"] + v * p["light_y"] + depth) / strength
    shade = 0.30 + 0.80 * np.clip(lambert, 0, None)
    around = p["background"] * (1 + 0.25 * p["light_x"] * x)
    neck = _soft(0.30 - np.abs(x), 0.06) * _soft(y - 0.4, 0.1)
    picture = _over(around, p["complexion"] * 0.55, neck)
    picture = _over(picture, p["hair_tone"] * 0.8, crown * _soft(0.05 - y + p["hair_length"], 0.1))
    picture = _over(picture, face * shade, head) * p["gain"]
    drawn: Array = np.clip(picture + _grain(faces), 0, 1).astype(np.float32)
    return drawn


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


def _grain(faces: list[dict[str, float]]) -> Array:
    """Camera noise of each image, from its own seed."""
    noise = [np.random.default_rng(int(f["grain"])).normal(0, 0.012, (SIDE, SIDE)) for f in faces]
    return np.array(noise, np.float32)


def _soft(signed: Array, width: float) -> Array:
    """1 where `signed` is positive, 0 where it is negative, with an edge of `width`."""
    return 0.5 + 0.5 * np.tanh(signed / width)


def _blob(x: Array, y: Array, cx: Any, cy: Any, wx: float, wy: float) -> Array:
    blob: Array = np.exp(-(((x - cx) / wx) ** 2) - ((y - cy) / wy) ** 2)
    return blob


def _over(below: Array, tone: Any, alpha: Array) -> Array:
    blend: Array = below * (1 - alpha) + tone * alpha
    return blend
