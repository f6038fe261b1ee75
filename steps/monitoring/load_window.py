"""Load the monitoring window: requests captured since the last drift decision."""

from typing import Annotated

import numpy as np
from zenml import step

from components.deployers.base import active_deployer
from faces.client import count_faces
from faces.data.window import Window
from faces.drift.captured_requests import CapturedRequests, read_captured_requests
from faces.runtime.image import IMAGE_SIDE
from serving.capture.reader import read_files
from store.deployments import decisions, last_decided_at
from store.materializers import WindowMaterializer


@step(enable_cache=False, output_materializers={"window": WindowMaterializer})
def load_window(last: int | None) -> Annotated[Window, "window"]:
    """Load the faces captured since the last decision, or the last N of them.

    The same image twice counts once, with its latest prediction and label.

    Raises:
        OperationError: If the endpoint does not answer: a decision about it could not be acted on.
    """
    deployer = active_deployer()
    endpoint = deployer.endpoint()
    count_faces(endpoint.url, headers=endpoint.headers)
    until = last_decided_at(decisions())
    since_seconds = 0 if last else until / 1e9
    captured = read_captured_requests(read_files(deployer.captured(), since_seconds))
    times = captured.table["time"].astype("int64").to_numpy()
    rows = np.flatnonzero(times > until)
    return _window(captured, rows[-last:] if last else rows)


def _window(captured: CapturedRequests, rows: np.ndarray) -> Window:
    table = captured.table.iloc[rows]
    images = captured.pixels[rows].reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
    latest = {image.tobytes(): row for row, image in enumerate(images)}
    window = Window(
        images=images,
        predicted=table["predicted"].to_numpy(dtype=str),
        labels=table["label"].fillna("").to_numpy(dtype=str),
        confidence=table["confidence"].to_numpy(dtype=float),
        versions=table["version"].to_numpy(dtype=str),
        times=table["time"].astype("int64").to_numpy(),
        damaged=captured.damaged,
        unmatched_feedback=captured.unmatched_feedback,
    )
    return window[np.array(sorted(latest.values()), dtype=np.int64)]
