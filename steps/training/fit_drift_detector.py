"""Fit the drift detector that belongs to a model version."""

from typing import Annotated

from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.drift.detectors import fit_detector
from store.caching import cache_on_imports
from store.materializers import DETECTOR
from store.materializers.detector import FittedDetector


@step(
    cache_policy=cache_on_imports(__name__),
    output_materializers={"drift_detector": DETECTOR},
)
def fit_drift_detector(
    faces: Faces, split: Split, detector: str
) -> Annotated[FittedDetector, "drift_detector"]:
    """Fit the drift detector of a version on its training images.

    Args:
        faces: The data.
        split: Its split. Training images of one origin, such as an added window, are a group.
        detector: Name of the detector.

    Returns:
        The fitted detector, which belongs to the version.
    """
    train, images = split.train, faces.images_of(split.train)
    return FittedDetector(fit_detector(detector, images, faces.labels[train], faces.origins[train]))
