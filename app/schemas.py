"""What the service takes and returns."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.recognition import RecognisedFace


class Similar(BaseModel):
    """An enrolled image that resembles a face."""

    person: str
    similarity: float = Field(description="correlation of the pixels, from -1 to 1")


class Face(BaseModel):
    """A face in a photo."""

    x: float = Field(description="centre of the face in pixels of the upright photo")
    y: float
    side: float = Field(description="side of the square that was recognised")
    tilt: float = Field(description="rotation of the square, clockwise, in degrees")
    person: str = Field(description="the person, or 'unknown'")
    confidence: float
    similar: list[Similar]
    problems: list[str] = Field(description="what is wrong with the picture of this face")
    request: str = Field(description="id for feedback")

    @classmethod
    def of(cls, face: RecognisedFace) -> "Face":
        """Describe a recognised face.

        Args:
            face: The face.

        Returns:
            What clients get.
        """
        place = face.place
        return cls(
            x=place.x, y=place.y, side=place.side, tilt=place.tilt,
            person=face.name, confidence=face.confidence, request=face.request,
            similar=[Similar(person=s.person, similarity=s.similarity) for s in face.similar],
            problems=[str(problem) for problem in place.problems],
        )  # fmt: skip


class Recognition(BaseModel):
    """The faces in a photo, the largest first."""

    version: str | None = Field(description="the model version that answered; null without faces")
    faces: list[Face]


class Feedback(BaseModel):
    """The true label of a face."""

    request: str = Field(min_length=1, max_length=200)
    label: str = Field(min_length=1, max_length=200)


class Person(BaseModel):
    """An enrolled person."""

    name: str
    images: int


class DriftCheck(BaseModel):
    """The outcome of a drift detection."""

    decision: str
    reason: str


class Answer(BaseModel):
    """An answer to a run that waits."""

    approve: bool = Field(description="true deploys the version, false leaves production as it is")


class WaitingRun(BaseModel):
    """A run that waits for an approval."""

    run: str
    version: int
    compared_with: int | None
    question: str
    expires: datetime
