"""Add what production taught to what the model was trained on: a new data version."""

from typing import Annotated

import pandas as pd
from zenml import step

from faces.data import feedback
from faces.data.dataset import Faces
from faces.data.split import Split
from steps.monitoring.load_window import UNKNOWN
from store.materializers import FacesMaterializer, SplitMaterializer
from store.production import require_live
from store.versions import load_artifact


@step(
    enable_cache=False,
    output_materializers={"faces": FacesMaterializer, "split": SplitMaterializer},
)
def learn_window(window: Faces) -> tuple[Annotated[Faces, "faces"], Annotated[Split, "split"]]:
    """The live version's data with the labelled faces of the window to train on."""
    version = require_live()
    truth: pd.Series = window.conditions["truth"]
    labelled = window[(truth != UNKNOWN).to_numpy().nonzero()[0]]
    faces, split = feedback.add_labelled_faces(
        load_artifact(version, "faces"),
        load_artifact(version, "split"),
        labelled.images,
        labelled.conditions["truth"].to_numpy(dtype=str),
    )
    return faces, split
