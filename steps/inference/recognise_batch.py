"""Recognise the faces of all pictures of a folder, a bucket, or the captured requests."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated

import pandas as pd
from zenml import step
from zenml.models import ModelVersionResponse

from components.deployers.base import active_deployer
from faces.data.photos import entire_face
from faces.data.picture_files import Located, PictureFiles
from faces.drift.captured_requests import read_captured_requests
from faces.errors import UserError
from faces.models.batch import recognise_pictures, to_table
from faces.runtime.image import IMAGE_SIDE
from faces.runtime.portable import PortableModel
from serving.capture.reader import read_files
from steps.progress import report_progress
from store.batch_results import KeptResults
from store.code_hash import code_hash
from store.materializers import RECORD
from store.production import choose_version
from store.records import BatchResult
from store.run_metadata import describe_run
from store.versions import load_artifact

CAPTURED = "captured"
"""What `--data` names instead of a folder: the faces that the endpoint captured."""

RECOGNISED_FACES, BATCH_RESULT = "recognised_faces", "batch_result"


@step(enable_cache=False, output_materializers={BATCH_RESULT: RECORD})
def recognise_batch(
    source: str, crop: str, version: str
) -> tuple[Annotated[pd.DataFrame, RECOGNISED_FACES], Annotated[BatchResult, BATCH_RESULT]]:
    """Recognise the faces of all pictures. Results of a killed run are used again.

    Args:
        source: A folder, a URI such as gs://bucket/photos, or "captured".
        crop: How pictures are cropped: auto, faces or middle.
        version: Number of the model version, or "production".

    Returns:
        A row for each face; and which version answered, and which files were skipped.

    Raises:
        UserError: If there is no such version, the pictures cannot be read, or there are none.
    """
    found = choose_version(version)
    model: PortableModel = load_artifact(found, "portable")
    pictures = CapturedFaces() if source == CAPTURED else PictureFiles(source, crop)
    key = _key(source, crop, found)
    kept = KeptResults(key)
    done = kept.read()
    results = recognise_pictures(
        model, pictures, done, kept.add, partial(report_progress, "recognising")
    )
    skipped = {name: r.skipped for name, r in results.items() if r.skipped} | dict(pictures.skipped)
    table = to_table(results)
    result = BatchResult(
        version=found.number,
        rejection_threshold=model.rejection_threshold,
        pictures=len(results),
        continued=sum(done.get(name) == result for name, result in results.items()),
        skipped=tuple(f"{name}: {reason}" for name, reason in sorted(skipped.items())),
        key=key,
    )
    figures = {"version": found.number, "pictures": len(results), "faces": len(table)}
    describe_run("batch", {**figures, "skipped files": len(skipped)})
    return table, result


class CapturedFaces:
    """The faces that the endpoint captured: crops with the request's id and the face's number.

    Attributes:
        pictures: Their names, which never stand for another face.
        skipped: None are skipped.
    """

    def __init__(self) -> None:
        captured = read_captured_requests(read_files(active_deployer().captured()))
        ids = zip(captured.table["request"], captured.table["face"], strict=True)
        self._faces = {f"{request}/{face}": row for row, (request, face) in enumerate(ids)}
        self._pixels = captured.pixels
        self.pictures: Mapping[str, str] = dict.fromkeys(self._faces, "")
        self.skipped: Mapping[str, str] = {}
        if not self.pictures:
            raise UserError(
                "--data captured: no request was captured yet: python run.py predict sends one"
            )

    def locate(self, names: Sequence[str]) -> Located:
        """Return the faces as they were sent.

        Args:
            names: Their names.

        Returns:
            Each face.
        """
        return {
            name: [
                entire_face(
                    self._pixels[self._faces[name]].reshape(IMAGE_SIDE, IMAGE_SIDE),
                    IMAGE_SIDE,
                    IMAGE_SIDE,
                )
            ]
            for name in names
        }


def _key(source: str, crop: str, version: ModelVersionResponse) -> str:
    """Hash what the results depend on, besides the pictures themselves."""
    parts = (source, crop, str(version.run_metadata["portable_hash"]), code_hash(__name__))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
