"""Synthetic people in even light, whose lighting varies more than that of real ones."""

import numpy as np
import pytest

from faces.data.dataset import Faces, load_faces


@pytest.fixture(scope="package")
def people() -> Faces:
    faces = load_faces("synthetic", people=20, images=24)
    return faces[np.flatnonzero(faces.conditions["lighting"] == "even")]


@pytest.fixture(scope="package")
def frontal(people: Faces) -> np.ndarray:
    return np.flatnonzero(people.conditions["yaw"] == "frontal")


@pytest.fixture(scope="package")
def turned(people: Faces) -> np.ndarray:
    return np.flatnonzero(people.conditions["yaw"] != "frontal")
