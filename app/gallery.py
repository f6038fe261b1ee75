"""The enrolled images of the live version, to show which of them a face resembles."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from faces.data.dataset import Faces
from faces.evaluation.contributions import Contributions, Explainer
from faces.runtime.portable import PortableModel

Image = NDArray[np.float32]
COARSE = 2
"""Images are compared at half their size, so that small shifts matter less."""


@dataclass(frozen=True, eq=False)
class SimilarImage:
    """An enrolled image that resembles a face.

    Attributes:
        row: Its row in the gallery.
        person: The person in it.
        similarity: Correlation of the pixels, from -1 to 1.
    """

    row: int
    person: str
    similarity: float


@dataclass(frozen=True, eq=False)
class Gallery:
    """Enrolled images, and images of the same people that the version has not learned.

    Attributes:
        version: The version that was trained on the enrolled images.
        enrolled: Images that the version was trained on.
        samples: Held-out images, to try the recogniser with.
        model: The version's exported model, to explain answers of the endpoint.
        recogniser: Name of its recogniser.
    """

    version: str
    enrolled: Faces
    samples: Faces
    model: PortableModel
    recogniser: str = ""

    @cached_property
    def _normalised(self) -> Image:
        return np.stack([_normalise(image) for image in self.enrolled.images])

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self.model, self.enrolled.pixels)

    def explain(self, image: Image) -> Contributions | None:
        """Return what the parts of a face contribute to its recognition.

        Args:
            image: The face (64, 64) in [0, 1].

        Returns:
            The contributions; None if the version's model is not linear.
        """
        return self._explainer.explain(image.ravel())

    def most_similar(self, image: Image, count: int = 3, person: str = "") -> list[SimilarImage]:
        """Find the enrolled images whose pixels correlate most with those of a face.

        Args:
            image: The face (64, 64) in [0, 1].
            count: Number of images.
            person: The person that the face was recognised as, who comes first; "" for nobody.

        Returns:
            The most similar image of each of `count` people, the most similar first.
        """
        similarity = self._normalised @ _normalise(image)
        found: dict[str, SimilarImage] = {}
        order = np.argsort(-similarity)
        own = self.enrolled.labels[order] == person
        for row in np.concatenate([order[own], order[~own]]):
            name = str(self.enrolled.labels[row])
            found.setdefault(name, SimilarImage(int(row), name, float(similarity[row])))
            if len(found) == count:
                break
        return list(found.values())


def _normalise(image: NDArray[np.floating]) -> Image:
    """Return half as many pixels per side, with mean 0 and length 1."""
    side = image.shape[0] // COARSE
    small = np.asarray(image, np.float32).reshape(side, COARSE, side, COARSE).mean(axis=(1, 3))
    centred = (small - small.mean()).ravel()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-6), np.float32)
