"""Settings that several pipelines share."""

from typing import Annotated, NoReturn, Self

from pydantic import AfterValidator, Field, field_validator

from components.settings import CommandLine, Settings
from faces.data.conditions import AUTO_CONDITION, baseline_condition
from faces.data.dataset import known_conditions
from faces.data.sources import source_names
from faces.data.sources.folder import AUTO, CROPS
from faces.data.sources.remote import is_remote
from faces.errors import UserError, require_choice
from store.data_versions import is_data_version

Share = Annotated[float, Field(gt=0, lt=1)]
Seed = Annotated[int, Field(ge=0)]
VerificationImages = Annotated[
    int,
    Field(
        ge=1,
        le=50,
        description="held-out faces on which endpoint and trained model must agree",
    ),
]


class DataSettings(Settings):
    """Where the faces come from. People, images and seed are those of synthetic faces."""

    source: Annotated[str, CommandLine("data", "SOURCE")] = Field(
        default="auto",
        description="auto (Olivetti, else synthetic), olivetti, synthetic, a folder, gs://…, or "
        "version:ID, the data of an earlier run",
    )
    crop: Annotated[str, CommandLine(metavar="HOW")] = Field(
        default=AUTO,
        description="pictures of a folder: faces (find the face), middle (take the middle square), "
        "or auto (the middle of small squares, else the face)",
    )
    enrolled: Annotated[str, CommandLine(metavar="FOLDER")] = Field(
        default="", description="folder of more people, who are added to those of the source"
    )
    people: int = Field(default=40, ge=2, description="synthetic faces: number of people")
    images: int = Field(default=10, ge=1, description="synthetic faces: images per person")
    seed: Seed = Field(
        default=0, description="synthetic faces: seed; another one generates other people"
    )

    @field_validator("crop")
    @classmethod
    def _check_crop(cls, crop: str) -> str:
        return require_choice("crop", crop, CROPS)


class Tolerances(Settings):
    """How much accuracy a candidate may lose against production."""

    baseline: float = Field(
        default=0.02, ge=0, le=1, description="accuracy that may be lost on the baseline test"
    )
    drifted: float = Field(
        default=0.02, ge=0, le=1, description="accuracy that may be lost on the drifted images"
    )


DIRECT, CANARY = "direct", "canary"


def _check_rollout(name: str) -> str:
    return require_choice("rollout", name, [CANARY, DIRECT])


Rollout = Annotated[
    str,
    AfterValidator(_check_rollout),
    Field(
        description="direct: a version answers all requests at once; canary: first in the shadow "
        "of the live version, then for a share of requests, then for all"
    ),
]


class GateSettings(Settings):
    """When the promotion gate promotes a candidate."""

    tolerances: Tolerances = Tolerances()
    minimum_images: int = Field(
        default=20,
        ge=1,
        description="a comparison on fewer held-out images does not count: models are then "
        "compared by cross-validation",
    )
    minimum_share: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="share of a reference recogniser's accuracy that a candidate must reach",
    )


class FeedbackSettings(Settings):
    """Which feedback is plausible, and how much of it is learned."""

    minimum_similarity: float = Field(
        default=0.5,
        ge=-1,
        le=1,
        description="smallest plausible similarity of a face to the enrolled images of the person "
        "that its label names; labels below are quarantined; -1: none are",
    )
    maximum_share: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="largest share of a window's labels that is learned about one person",
    )


class DatasetSettings(Settings):
    """Which faces a model is trained on; everything else simulates drift in production."""

    data: DataSettings = DataSettings()
    condition: Annotated[str, CommandLine(metavar="C")] = Field(
        default=AUTO_CONDITION,
        description="train on lighting, yaw=frontal,glasses=no, …; '': on all images; auto: on "
        "yaw=frontal if the data has it, else on all images",
    )
    test_share: Share = Field(
        default=0.25, description="share of each person's matching images kept for the test"
    )
    gate: GateSettings = GateSettings()
    removed: Annotated[int, CommandLine(metavar="N"), Field(ge=0)] = Field(
        default=0,
        description="people who were removed from the data on purpose: the promotion gate accepts "
        "that up to N people are no longer known",
    )
    seed: Annotated[Seed, CommandLine(metavar="N")] = Field(
        default=11, description="seed of the split and of the training"
    )

    def complete(self, config: str) -> Self:
        """Check the condition, as far as the data is known before the run. See Settings."""
        source = self.data.source
        known = None if is_data_version(source) else known_conditions(source)
        if known is not None:
            baseline_condition(self.condition, known)
        return self

    def check_data_reachable(self, artifact_store: str) -> None:
        """Refuse a local folder: faces are not copied to other machines unasked. See Settings."""
        source = self.data.source
        if self.data.enrolled:
            raise UserError(
                f"--enrolled {self.data.enrolled}: the machines of this stack cannot read a local "
                "folder: copy the people into the folder of --data gs://…"
            )
        if source in source_names() or is_remote(source) or is_data_version(source):
            return
        refuse_local_folder(source, artifact_store, "people")


def refuse_local_folder(source: str, artifact_store: str, name: str) -> NoReturn:
    """Refuse a folder that the machines of the active stack cannot read.

    Args:
        source: The folder.
        artifact_store: The root of the stack's artifact store.
        name: What to call a copy of the folder next to it.

    Raises:
        UserError: Always; it says how to copy the folder.
    """
    place = "/".join([*artifact_store.split("/")[:3], name])
    raise UserError(
        f"--data {source}: the machines of this stack cannot read a local folder: "
        f"gcloud storage cp -r {source.rstrip('/')}/* {place}/, then use --data {place}"
    )
