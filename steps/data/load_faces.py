"""Load the faces."""

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
    if erased := erased_people(faces.identities):
        faces = replace(without(faces, Removal(erased).find(faces)), skipped=faces.skipped)
    add_tags(tags=[f"data:{faces.source}"])
    return faces
