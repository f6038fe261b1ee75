"""Extend the training set with labelled faces from production."""

from typing import Annotated

import numpy as np
from zenml import step

from faces.data.dataset import Faces
from faces.data.feedback import add_labelled_faces
from faces.data.split import Split
from faces.data.window import Window
from store.materializers import FACES, SPLIT
from store.versions import load_artifact, require_version


@step(
    enable_cache=False,
    output_materializers={"faces": FACES, "split": SPLIT},
)
def add_feedback(
    window: Window, live_version: int
) -> tuple[Annotated[Faces, "faces"], Annotated[Split, "split"]]:
    """Return the live version's data, with the window's labelled faces to train on."""
    version = require_version(live_version)
    labelled = window[np.flatnonzero(window.labelled)]
    faces, split = add_labelled_faces(
        load_artifact(version, "faces"),
        load_artifact(version, "split"),
        labelled.images,
        labelled.labels,
    )
    return faces, split
