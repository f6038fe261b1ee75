"""Enrolled people as the app shows them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.data.dataset import Faces
from faces.evaluation.metrics import BASELINE


@dataclass(frozen=True, eq=False)
class PersonInfo:
    """An enrolled person, as the app shows them.

    Attributes:
        name: The person.
        images: Number of training images.
        image: One of them.
        tested: Number of held-out images of the baseline test.
        correct: How many of these the version names correctly.
    """

    name: str
    images: int
    image: NDArray[np.float32]
    tested: int
    correct: int


def describe_people(enrolled: Faces, predictions: pd.DataFrame) -> list[PersonInfo]:
    """Describe the people whom a version knows, and how well it recognises them.

    Args:
        enrolled: The images that the version was trained on.
        predictions: Its predictions for held-out images.

    Returns:
        The people, by name.
    """
    tests = predictions[predictions["part"] == BASELINE]
    people = []
    for name in enrolled.identities:
        rows = np.flatnonzero(enrolled.labels == name)
        own = tests[tests["label"] == name]
        correct = int((own["predicted"] == name).sum())
        image = np.array(enrolled.images[rows[0]])
        people.append(PersonInfo(name, len(rows), image, len(own), correct))
    return people
