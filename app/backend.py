"""What the app knows: the endpoint, the live version's images, and the records of the stack."""

import time
from collections.abc import Sequence
from contextlib import suppress
from threading import RLock

import numpy as np
from numpy.typing import NDArray

from app.comparison import VersionComparison, compare_predictions
from app.gallery import Gallery
from app.labelling import FaceToLabel, faces_to_label
from app.person_info import PersonInfo, describe_people
from app.version_info import VersionInfo, describe_version
from components.deployers.base import active_deployer
from components.deployers.endpoint import Endpoint, EndpointStatus
from faces.data.dataset import Faces
from faces.data.detection import find_faces
from faces.data.split import Split
from faces.drift.captured_requests import read_captured_requests
from faces.errors import OperationError, UserError
from serving.capture.reader import read_files
from store import approvals as approval_records
from store import deployments as deployment_records
from store import label_reviews
from store.approvals import Approval
from store.deployments import DecisionEntry
from store.label_reviews import QuarantinedFace
from store.production import set_production
from store.versions import (
    all_versions,
    load_artifact,
    production_version,
    require_version,
)

LABEL_DAYS = 7
"""Faces that were captured in these last days are offered for labels."""


class Backend:
    """Reads the active stack. Calls come from several threads, and ZenML gets one at a time."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._gallery: Gallery | None = None

    def endpoint(self) -> Endpoint:
        """Return the endpoint.

        Raises:
            UserError: If nothing is deployed.
        """
        with self._lock:
            return active_deployer().endpoint()

    def status(self) -> EndpointStatus:
        """Return the state of the endpoint.

        Raises:
            UserError: If nothing is deployed.
        """
        with self._lock:
            return active_deployer().status()

    def gallery(self, version: str) -> Gallery | None:
        """Return the images of a version, which are kept in memory until another one is asked for.

        Args:
            version: The version's number.

        Returns:
            Its images; None if its data was deleted.
        """
        with self._lock:
            if self._gallery is None or self._gallery.version != version:
                self._gallery = _load_gallery(version)
            return self._gallery

    def load_ahead(self) -> None:
        """Load what the first visitor needs, unless nothing is deployed."""
        with suppress(UserError, OperationError):
            if gallery := self.gallery(self.endpoint().version):
                image = gallery.enrolled.images[0]
                gallery.explain(image)
                find_faces(image)

    def people(self) -> list[PersonInfo]:
        """Return the people whom the live version knows, by name.

        Raises:
            UserError: If nothing is deployed.
        """
        with self._lock:
            version = self.endpoint().version
            gallery = self.gallery(version)
            if gallery is None:
                return []
            tests = load_artifact(require_version(int(version)), "predictions")
        return describe_people(gallery.enrolled, tests)

    def versions(self) -> list[VersionInfo]:
        """Return the model versions, newest first."""
        with self._lock:
            served = active_deployer().served_version()
            return [describe_version(version, served) for version in all_versions()]

    def model_card(self, number: int) -> str:
        """Return the model card of a version, an HTML page without scripts.

        Args:
            number: The version's number.

        Raises:
            UserError: If the version was deleted.
            LookupError: If it has no model card.
        """
        with self._lock:
            return str(load_artifact(require_version(number), "model_card")["page.html"])

    def compare(
        self, first: int, second: int
    ) -> tuple[VersionComparison, dict[int, NDArray[np.float32]]]:
        """Compare two versions on the held-out images that both were tested on.

        Args:
            first: Number of a version.
            second: Number of another one.

        Returns:
            The comparison, and the images that they name differently, by row.

        Raises:
            UserError: If the data of one of them was deleted.
        """
        with self._lock:
            try:
                versions = [require_version(number) for number in (first, second)]
                tables = [load_artifact(version, "predictions") for version in versions]
                images = load_artifact(versions[0], "faces").images
            except (LookupError, FileNotFoundError) as error:
                raise UserError(f"they cannot be compared: {error}") from error
        comparison = compare_predictions(*tables)
        return comparison, {d.row: np.array(images[d.row]) for d in comparison.differences}

    def promote(self, number: int) -> None:
        """Put a version into production; the deployment pipeline then serves it.

        Args:
            number: The version's number.

        Raises:
            UserError: If the version was deleted, or another run changes production meanwhile.
        """
        with self._lock:
            if not set_production(require_version(number), instead_of=production_version()):
                raise UserError("another run changed production at the same time: try again")

    def decisions(self) -> list[DecisionEntry]:
        """Return the drift decisions, oldest first."""
        with self._lock:
            return deployment_records.decisions()

    def approvals(self) -> list[Approval]:
        """Return the runs that wait for an approval."""
        with self._lock:
            return [approval for approval in approval_records.approvals() if approval.is_open]

    def quarantined(self) -> list[QuarantinedFace]:
        """Return the quarantined labels that nobody has reviewed, oldest first."""
        with self._lock:
            return [face for face in label_reviews.quarantined_faces() if face.review is None]

    def quarantined_images(self, faces: Sequence[QuarantinedFace]) -> dict[str, "np.ndarray"]:
        """Load the images of quarantined labels.

        Args:
            faces: The labels.

        Returns:
            Images (64, 64) by the label's id; those whose window was deleted are missing.
        """
        with self._lock:
            ids = {face.reference: face.id for face in faces}
            loaded = label_reviews.load_labelled(face.reference for face in faces)
            return {ids[reference]: np.array(window.images[0]) for reference, window in loaded}

    def faces_to_label(self) -> list[FaceToLabel]:
        """Return captured faces of the last days without a label, the most useful first."""
        since = time.time() - LABEL_DAYS * 86_400
        with self._lock:
            places = active_deployer().captured()
        return faces_to_label(read_captured_requests(read_files(places, since)))

    def review(self, label: str, answer: str) -> None:
        """Approve or reject a quarantined label.

        Args:
            label: The label's id.
            answer: "approved" or "rejected".

        Raises:
            UserError: If there is no such label, or it cannot be learned.
        """
        with self._lock:
            label_reviews.review_label(label, answer)


def _load_gallery(version: str) -> Gallery | None:
    try:
        found = require_version(int(version))
        faces: Faces = load_artifact(found, "faces")
        split: Split = load_artifact(found, "split")
        model = load_artifact(found, "portable")
    except (LookupError, ValueError, FileNotFoundError):
        return None
    held_out = np.concatenate([split.test, split.drifted])
    recorded = found.run_metadata.get("settings")
    recogniser = str(recorded.get("model", "")) if isinstance(recorded, dict) else ""
    return Gallery(version, faces[split.train], faces[held_out], model, recogniser)
