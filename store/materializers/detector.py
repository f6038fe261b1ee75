"""Fitted drift detectors as artifacts."""

from dataclasses import dataclass
from typing import ClassVar

from zenml.enums import ArtifactType
from zenml.metadata.metadata_types import MetadataType

from faces.drift.detector import Detector
from faces.drift.detectors import detector_class
from store.materializers.base import FileMaterializer


@dataclass(frozen=True, eq=False)
class FittedDetector:
    """A drift detector that was fitted on a version's training images."""

    detector: Detector


class DetectorMaterializer(FileMaterializer):
    """The detector's registered name, and its arrays as .npz."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (FittedDetector,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.MODEL

    def save(self, fitted: FittedDetector) -> None:
        """Write name.txt and detector.npz. See BaseMaterializer."""
        self.write("name.txt", fitted.detector.name)
        self.write_arrays("detector.npz", fitted.detector.to_arrays())

    def load(self, data_type: type) -> FittedDetector:
        """Read what `save` wrote, if the code still has that detector. See BaseMaterializer."""
        kind = detector_class(self.read("name.txt").decode())
        return FittedDetector(kind.from_arrays(self.read_arrays("detector.npz")))

    def extract_metadata(self, fitted: FittedDetector) -> dict[str, MetadataType]:
        """Return the detector's name. See BaseMaterializer."""
        return {"detector": fitted.detector.name}
