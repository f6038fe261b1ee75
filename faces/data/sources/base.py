"""What a data source must provide."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.errors import UserError

RawFaces = tuple[NDArray[np.float32], NDArray[np.str_], pd.DataFrame]
"""Images (n, 64, 64) in [0, 1], labels (n,), and a table of conditions with n rows."""


class SourceUnavailable(UserError):
    """The source's data is neither on this machine nor can it be downloaded."""


@dataclass(frozen=True)
class GeneratorSettings:
    """Size and seed of a generated data set; sources of existing images ignore them.

    Attributes:
        people: Number of people.
        images: Number of images per person.
        seed: Another seed generates other people.
    """

    people: int = 40
    images: int = 10
    seed: int = 0


@dataclass(frozen=True)
class DataSource:
    """A named source of faces.

    Attributes:
        name: The name on the command line, `--data NAME`.
        credit: Where the images come from, for plots, model cards and summaries.
        is_synthetic: True if the people do not exist.
        load: Returns the faces, or raises SourceUnavailable (`auto` then tries the next source).
        conditions: Returns a table with every condition and its values, without loading images.
    """

    name: str
    credit: str
    is_synthetic: bool
    load: Callable[[GeneratorSettings], RawFaces]
    conditions: Callable[[], pd.DataFrame]
