"""Recognise the faces of all pictures of a folder, a bucket, or the captured requests."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

import pandas as pd
from pydantic import Field, field_validator
from rich.markup import escape
from zenml import pipeline
from zenml.models import PipelineRunResponse

from components.settings import CommandLine, Settings
from faces.data.sources.folder import AUTO, CROPS
from faces.data.sources.remote import is_remote
from faces.errors import UserError, did_you_mean, require_choice
from faces.runtime.portable import UNKNOWN
from pipelines.shared.output_file import check_output_file, write_owner_only
from pipelines.shared.settings import refuse_local_folder
from pipelines.shared.summary import RunInfo, Summary, outputs_of, shorten, skipped_row
from steps.inference.recognise_batch import (
    BATCH_RESULT,
    CAPTURED,
    RECOGNISED_FACES,
    recognise_batch,
)
from store.batch_results import delete_kept_results
from store.production import PRODUCTION

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets take a cell that begins with one of these as a formula."""


class BatchSettings(Settings):
    """Settings of the batch pipeline."""

    data: Annotated[str, CommandLine(metavar="SOURCE")] = Field(
        default="",
        description="pictures: a folder with any subfolders, gs://…, or captured (the faces that "
        "the endpoint captured)",
    )
    crop: Annotated[str, CommandLine(metavar="HOW")] = Field(
        default=AUTO,
        description="faces (find all faces of each picture), middle (take the middle square), or "
        "auto (the middle of small squares, else all faces)",
    )
    version: Annotated[str, CommandLine(metavar="N")] = Field(
        default=PRODUCTION, description="number of the model version, or production"
    )
    csv: Annotated[str, CommandLine(metavar="FILE")] = Field(
        default="batch.csv", min_length=1, description="file to write the table to"
    )

    @field_validator("crop")
    @classmethod
    def _check_crop(cls, crop: str) -> str:
        return require_choice("crop", crop, CROPS)

    def complete(self, config: str) -> Self:
        """Check the source, as far as it is known, the version and the file. See Settings."""
        folder = Path(self.data).expanduser()
        if folder.is_file():
            raise UserError(f"--data {self.data} is a file: name the folder that it is in")
        if self.data and self._is_local and not folder.is_dir():
            nearest = did_you_mean(self.data, [CAPTURED])
            raise UserError(
                f"no folder '{self.data}': {nearest}--data takes a folder, gs://… or {CAPTURED}"
            )
        if self.version != PRODUCTION and not self.version.isdecimal():
            nearest = did_you_mean(self.version, [PRODUCTION])
            raise UserError(
                f"--version {self.version}: {nearest}name the number of a version, or {PRODUCTION}"
            )
        check_output_file("--csv", Path(self.csv))
        return self

    def check_data_reachable(self, artifact_store: str) -> None:
        """Refuse a local folder: faces are not copied to other machines unasked. See Settings."""
        if self._is_local:
            refuse_local_folder(self.data, artifact_store, "photos")

    @property
    def _is_local(self) -> bool:
        return self.data != CAPTURED and not is_remote(self.data)


SETTINGS = BatchSettings


def prepare(settings: BatchSettings) -> BatchSettings:
    """Check that pictures are named.

    Args:
        settings: The settings.

    Returns:
        The same settings.

    Raises:
        UserError: If they are not.
    """
    if not settings.data:
        raise UserError(f"--data is missing: a folder with pictures, gs://… or {CAPTURED}")
    return settings


PREPARE = prepare


@pipeline(name="batch", enable_cache=False)
def batch(settings: BatchSettings) -> None:
    """Recognise every face of every picture, and write a table with one row for each.

    A run that was killed is continued by the same command: unchanged pictures that were finished
    are not read again.

    Args:
        settings: The pictures, the version, and the file to write once the run has finished.
    """
    recognise_batch(settings.data, settings.crop, settings.version)


class BatchSummary(Summary):
    """Summary of a batch inference."""

    pipeline: Literal["batch"] = "batch"
    version: int
    pictures: int
    continued: int = Field(description="pictures that a killed run had finished before")
    faces: int
    unknown: int = Field(description="faces of people who are not enrolled")
    people: dict[str, int] = Field(description="faces of each person")
    skipped: list[str] = Field(description="files without a recognised face, with the reasons")
    rejection_threshold: float | None = Field(description="faces with a lower score are unknown")
    artifact: str = Field(description="URI of the table")
    file: str = Field(default="", description="the table as CSV, readable by its owner only")
    key: str = Field(default="", exclude=True, repr=False)
    csv: str = Field(default="", exclude=True, repr=False)

    def finish(self, settings: Settings) -> "BatchSummary":
        """Write the CSV file, then delete what a killed run would need. See Summary."""
        assert isinstance(settings, BatchSettings)
        write_owner_only(Path(settings.csv), self.csv)
        delete_kept_results(self.key)
        return self.model_copy(update={"file": os.path.abspath(settings.csv)})

    def rows(self) -> Mapping[str, str]:
        """Return how many faces were recognised as whom, and where the table is. See Summary."""
        continued = f" [dim]({self.continued} finished by an earlier run)[/]"
        people = [f"{name} {count}" for name, count in self.people.items()]
        return {
            "pictures": f"{self.pictures}{continued if self.continued else ''}",
            "faces": f"{self.faces}, {self.unknown} of them unknown "
            f"[dim](version {self.version})[/]",
            "people": shorten(people),
            **skipped_row(self.skipped),
            "table": f"{escape(self.file)} [dim]({escape(self.artifact)})[/]",
            "run": self.run_row(),
        }

    def next_steps(self) -> Sequence[str]:
        """Return what to do if every face is unknown. See Summary."""
        if self.faces and self.unknown == self.faces:
            return ("[bold]python run.py app[/], page People: enrol those who should be known",)
        return ()


def summarize(run: PipelineRunResponse) -> BatchSummary:
    """Summarize a finished run.

    Args:
        run: A run that succeeded.

    Returns:
        Numbers of faces, and the table.
    """
    outputs = outputs_of(run)
    table, result = outputs[RECOGNISED_FACES].load(), outputs[BATCH_RESULT].load()
    counts = table["name"].value_counts().to_dict()
    unknown = counts.pop(UNKNOWN, 0)
    return BatchSummary(
        run=RunInfo.of(run),
        version=result.version,
        pictures=result.pictures,
        continued=result.continued,
        faces=len(table),
        unknown=unknown,
        people=counts,
        skipped=list(result.skipped),
        rejection_threshold=result.rejection_threshold,
        artifact=outputs[RECOGNISED_FACES].uri,
        key=result.key,
        csv=write_csv(table),
    )


def write_csv(table: pd.DataFrame) -> str:
    """Write a table as CSV that spreadsheets show as text.

    Args:
        table: The table.

    Returns:
        A line for each row, and one for the names of the columns.
    """
    safe = table.copy()
    for column in ("file", "name"):
        safe[column] = [f"'{text}" if text.startswith(FORMULA) else text for text in table[column]]
    return str(safe.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
