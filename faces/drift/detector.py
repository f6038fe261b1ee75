"""What a drift detector must provide."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.drift.result import DriftResult

Images = NDArray[np.floating]
Labels = NDArray[np.str_]
Arrays = Mapping[str, NDArray[Any]]


class Detector(Protocol):
    """Tests whether a window of production faces differs from the training faces.

    A detector is a class in its own module in `faces.drift.detectors`. It may subclass
    `faces.drift.two_sample.TwoSampleDetector`, or only implement these methods.
    """

    name: ClassVar[str]
    """Name in the configuration: the name of its module."""

    @classmethod
    def fit(cls, images: Images, labels: Labels, groups: Labels | None = None) -> Self:
        """Fit the reference.

        Args:
            images: Training images (m, 64, 64) in [0, 1].
            labels: The label of each, (m,).
            groups: The part of the reference that each belongs to, (m,), "" for none. A window
                that is like one of the parts is not drift.

        Returns:
            The fitted detector, with its default limits.
        """
        ...

    def with_limits(self, threshold: float, minimum_images: int, minimum_people: int) -> Self:
        """Set the limits of the test.

        Args:
            threshold: Significance level of the test.
            minimum_images: Smallest number of distinct images in a window.
            minimum_people: Smallest number of distinct identities in a window.

        Returns:
            The same detector with these limits.
        """
        ...

    def test(self, images: Images, predicted: Labels) -> DriftResult:
        """Test a window.

        Args:
            images: Images of the window (n, 64, 64) in [0, 1]; n may be 0.
            predicted: The identity that the model answered for each, (n,), "unknown" included.

        Returns:
            The verdict, with the statistic and the p-value it is based on.
        """
        ...

    def tabulate(self, images: Images, predicted: Labels) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Tabulate what the test compares, for reports.

        Args:
            images: Images of the window (n, 64, 64) in [0, 1].
            predicted: The identity that the model answered for each, (n,), "unknown" included.

        Returns:
            The reference and the window (n rows, in the order of `images`), with the same columns.
        """
        ...

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Convert to plain arrays, which can be stored without pickle.

        Returns:
            Arrays by name, none of which has the data type `object`.
        """
        ...

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Restore a detector.

        Args:
            arrays: The arrays that `to_arrays` returned.

        Returns:
            A detector that returns the same results as the original.
        """
        ...
