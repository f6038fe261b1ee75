"""Recognise every face in a picture: decode, find faces, ask the endpoint, find similar images."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import BoundedSemaphore

from app.gallery import Gallery, SimilarImage
from components.deployers.endpoint import Endpoint
from faces.client import send_faces
from faces.data.detection import DetectedFace
from faces.data.image_decoder import decode_image
from faces.data.photos import locate_faces
from faces.evaluation.contributions import Contributions
from faces.runtime.portable import UNKNOWN

MAX_FACES = 20
"""The largest faces of a picture are recognised, up to this number."""

_AT_A_TIME = BoundedSemaphore(2)
"""Pictures that are decoded at a time: each may take several hundred megabytes."""


@dataclass(frozen=True, eq=False)
class RecognisedFace:
    """A face in a picture, and the endpoint's answer.

    Attributes:
        place: Where it is.
        name: The person, or "unknown".
        confidence: Probability of the most probable person.
        score: Similarity to that person.
        rejection_threshold: Faces with a lower score are unknown; None if none are rejected.
        version: The model version that answered.
        request: Id of the request, for feedback: each face has its own.
        classes: The people whom the version knows.
        similar: Enrolled images that it resembles: of the person it was recognised as, then others.
        contributions: What its parts contribute; None if the model is not linear, or was deleted.
    """

    place: DetectedFace
    name: str
    confidence: float
    score: float
    rejection_threshold: float | None
    version: str
    request: str
    classes: Sequence[str]
    similar: Sequence[SimilarImage]
    contributions: Contributions | None

    @property
    def is_unknown(self) -> bool:
        """Whether the model rejected it."""
        return self.name == UNKNOWN

    @property
    def reason(self) -> str:
        """Why the model rejected it; "" if it did not."""
        if not self.is_unknown:
            return ""
        if self.rejection_threshold is not None and self.score < self.rejection_threshold:
            return "not similar enough to any enrolled person"
        return "does not resemble a face"


def recognise(data: bytes, endpoint: Endpoint, gallery: Gallery | None) -> list[RecognisedFace]:
    """Recognise every face in a picture.

    Args:
        data: A PNG, JPEG, PGM or WebP file.
        endpoint: The endpoint to ask.
        gallery: Enrolled images of the version that it serves; None shows no similar images.

    Returns:
        The faces, the largest first; [] if none was found.

    Raises:
        ImageRefused: If the picture cannot be decoded, or exceeds a limit.
        UserError: If OpenCV is not installed.
        OperationError: If the endpoint does not answer.
    """
    with _AT_A_TIME:
        found = locate_faces(decode_image(data))[:MAX_FACES]
    return [_ask(face, endpoint, gallery) for face in found]


def _ask(face: DetectedFace, endpoint: Endpoint, gallery: Gallery | None) -> RecognisedFace:
    answer = send_faces(endpoint.url, face.image.reshape(1, -1), headers=endpoint.headers)
    return RecognisedFace(
        place=face,
        name=answer.predicted[0],
        confidence=float(answer.probabilities[0].max()),
        score=float(answer.scores[0]),
        rejection_threshold=answer.rejection_threshold,
        version=answer.version,
        request=answer.request,
        classes=answer.classes,
        similar=gallery.most_similar(face.image, person=answer.predicted[0]) if gallery else [],
        contributions=gallery.explain(face.image) if gallery else None,
    )
