"""Load the faces."""

import re
from dataclasses import replace
from typing import Annotated

from zenml import add_tags, step

from faces.data import dataset
from faces.data.dataset import Faces
from faces.data.enrolment import add_enrolled
from faces.data.removal import Removal, without
from store.data_versions import is_data_version, load_data_version
from store.erasure.register import erased_people
from store.materializers import FACES

PATH_SEPARATORS = re.compile("/|: |the same file as ")


@step(enable_cache=False, output_materializers={"faces": FACES})
def load_faces(
    source: str, people: int, images: int, seed: int, crop: str, enrolled: str
) -> Annotated[Faces, "faces"]:
    """Load faces from a source, and tag the run with the source that was used.

    People who were forgotten are left out, although the source may still have them.
    Never cached: the data itself is read in every run, so that a change is noticed.

    Args:
        source: auto (Olivetti if available, else synthetic), olivetti, synthetic, the path or URI
            of a folder, or version:ID for the data of an earlier run.
        people: Number of people, for synthetic faces only.
        images: Number of images per person, for synthetic faces only.
        seed: Seed of synthetic faces.
        crop: How pictures of a folder are cropped: auto, faces or middle.
        enrolled: Folder of people who are added to those of the source; "" for none.

    Returns:
        n images (n, 64, 64) with their labels and conditions.

    Raises:
        UserError: If the source does not exist or has no usable images.
    """
    if is_data_version(source):
        faces = load_data_version(source)
    else:
        faces = dataset.load_faces(source, people=people, images=images, seed=seed, crop=crop)
    faces = add_enrolled(faces, enrolled)
    faces = _without_erased_people(faces)
    add_tags(tags=[f"data:{faces.source}"])
    return faces


def _without_erased_people(faces: Faces) -> Faces:
    """Remove images of people who were forgotten, and their files from those that were skipped."""
    words = {text: _words(text) for text in faces.skipped}
    erased = erased_people(set(faces.identities).union(*words.values()))
    if not erased:
        return faces
    skipped = tuple(text for text, found in words.items() if found.isdisjoint(erased))
    return replace(without(faces, Removal(erased).find(faces)), skipped=skipped)


def _words(skipped: str) -> set[str]:
    """Return the names of folders and files in what is said about a file that was skipped."""
    parts = PATH_SEPARATORS.split(skipped)
    return {*parts, *(part.rpartition(".")[0] for part in parts)}
