"""Add what production taught to what the model was trained on: a new data version."""

from typing import Annotated

from zenml import step

from faces.data import feedback
from faces.data.dataset import Faces
from faces.data.split import Split
from faces.data.window import Window
from store.materializers import FacesMaterializer, SplitMaterializer
from store.production import require_live
from store.versions import load_artifact


@step(
    enable_cache=False,
    output_materializers={"faces": FacesMaterializer, "split": SplitMaterializer},
)
def learn_window(window: Window) -> tuple[Annotated[Faces, "faces"], Annotated[Split, "split"]]:
    """The live version's data with the labelled faces of the window to train on."""
    version = require_live()
    labelled = window[window.labelled]
    faces, split = feedback.add_labelled_faces(
        load_artifact(version, "faces"),
        load_artifact(version, "split"),
        labelled.images,
        labelled.labels,
    )
    return faces, split
