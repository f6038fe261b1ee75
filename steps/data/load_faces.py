"""Load the faces."""

from typing import Annotated

from zenml import add_tags, step

from faces.data import dataset
from faces.data.dataset import Faces
from store.materializers import FACES


@step(enable_cache=False, output_materializers={"faces": FACES})
def load_faces(source: str, people: int, images: int, seed: int) -> Annotated[Faces, "faces"]:
    """Load faces from a source and tag the run with what the source turned out to be.

    Never cached: the data itself is read in every run, so that a change is noticed.
    """
    faces = dataset.load_faces(source, people=people, images=images, seed=seed)
    add_tags(tags=[f"data:{faces.source}"])
    return faces
