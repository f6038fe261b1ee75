"""The window: what was asked of the endpoint since the last decision."""

from typing import Annotated

import numpy as np
import pandas as pd
from zenml import step

from components.deployers.base import active_deployer
from faces.client import count_faces
from faces.data.dataset import Faces
from faces.drift.captured_requests import read_captured_requests
from faces.runtime.image import IMAGE_SIDE
from serving.capture.reader import read_files
from store.deployments import decisions, last_decided_at
from store.materializers import FacesMaterializer

CAPTURED = "captured"
UNKNOWN = ""
"""The truth of a face that no feedback came for."""


@step(enable_cache=False, output_materializers={"window": FacesMaterializer})
def load_window(last: int | None) -> tuple[Annotated[Faces, "window"], Annotated[int, "damaged"]]:
    """Captured faces since the last decision, or the last N; the same image twice is one image.

    Its subjects are whom the model named; the columns `truth`, `confidence`, `version` and `time`
    say the rest. The latest answer and truth for an image count. `damaged` counts the records, of
    what was looked at, which cannot be read and are passed over. Raises OperationError if the endpoint
    does not answer: what is decided about it could not be done.
    """
    deployer = active_deployer()
    endpoint = deployer.endpoint()
    count_faces(endpoint.url, headers=endpoint.headers)
    until = last_decided_at(decisions())
    captured = read_captured_requests(read_files(deployer.captured(), 0 if last else until / 1e9))
    table = captured.table
    chosen = (table["time"].astype("int64") > until).to_numpy()
    rows = np.flatnonzero(chosen)[-last:] if last else np.flatnonzero(chosen)
    images = captured.pixels[rows].reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
    about = pd.DataFrame(
        {
            "truth": table["truth"].iloc[rows].fillna(UNKNOWN).to_numpy(dtype=str),
            "confidence": table["confidence"].iloc[rows].round(6).to_numpy(dtype=str),
            "version": table["version"].iloc[rows].to_numpy(dtype=str),
            "time": table["time"].iloc[rows].astype("int64").to_numpy(dtype=str),
        }
    )
    names = table["person"].iloc[rows].to_numpy(dtype=str)
    window = Faces(images, names, about, CAPTURED)
    _, latest = np.unique(window.ids[::-1], return_index=True)
    return window[np.sort(len(window) - 1 - latest)], captured.damaged
