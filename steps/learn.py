"""Add what production taught to what the model was trained on: a new data version."""

from typing import Annotated

import pandas as pd
from zenml import step

from deployers.base import active_deployer
from faces import learning
from faces.dataset import Faces
from faces.split import Split
from steps.artifacts import FacesMaterializer, SplitMaterializer
from steps.versions import find_version, load_artifact
from steps.window import UNKNOWN


@step(
    enable_cache=False,
    output_materializers={"faces": FacesMaterializer, "split": SplitMaterializer},
)
def learn_window(window: Faces) -> tuple[Annotated[Faces, "faces"], Annotated[Split, "split"]]:
    """The live version's data with the labelled faces of the window to train on."""
    version = find_version(int(active_deployer().endpoint().version))
    assert version is not None
    truth: pd.Series = window.conditions["truth"]
    labelled = window[(truth != UNKNOWN).to_numpy().nonzero()[0]]
    faces, split = learning.learn(
        load_artifact(version, "faces"),
        load_artifact(version, "split"),
        labelled.images,
        labelled.conditions["truth"].to_numpy(dtype=str),
    )
    return faces, split
