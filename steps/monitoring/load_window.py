"""Load the monitoring window: requests captured since the last drift decision."""

from typing import Annotated

from zenml import step

from components.deployers.base import active_deployer
from faces.client import count_faces
from faces.data.window import Window
from faces.drift.captured_requests import read_captured_requests, select_window
from faces.drift.request_sample import RequestSample
from serving.capture.reader import read_files
from store.deployments import decisions, last_decided_at
from store.materializers import WINDOW


@step(enable_cache=False, output_materializers={"window": WINDOW})
def load_window(last: int | None, maximum_images: int) -> Annotated[Window, "window"]:
    """Load the faces captured since the last decision, or the last N of them.

    Args:
        last: N; None for all since the last decision, or a random sample of them.
        maximum_images: Size of the sample, if there are more.

    Returns:
        Images, predictions, feedback labels and times of the captured faces.

    Raises:
        UserError: If nothing is deployed.
        OperationError: If the endpoint does not respond: a decision about it could not be acted on.
    """
    deployer = active_deployer()
    endpoint = deployer.endpoint()
    count_faces(endpoint.url, headers=endpoint.headers)
    until = last_decided_at(decisions())
    since_seconds = 0 if last else until / 1e9
    sample = None if last else RequestSample(maximum_images, until)
    captured = read_captured_requests(read_files(deployer.captured(), since_seconds), sample)
    return select_window(captured, until, last)
