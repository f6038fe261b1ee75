"""Load the monitoring window: requests captured since the last drift decision."""

from typing import Annotated

from zenml import step

from components.deployers.base import active_deployer
from faces.client import count_faces
from faces.data.window import Window
from faces.drift.captured_requests import read_captured_requests, select_window
from serving.capture.reader import read_files
from store.deployments import decisions, last_decided_at


@step(enable_cache=False)
def load_window(last: int | None) -> Annotated[Window, "window"]:
    """Load captured faces since the last decision, or the last N of all.

    Raises OperationError if the endpoint does not answer: a new version could not be deployed.
    """
    deployer = active_deployer()
    endpoint = deployer.endpoint()
    count_faces(endpoint.url, headers=endpoint.headers)
    until = last_decided_at(decisions())
    captured = read_captured_requests(read_files(deployer.captured(), 0 if last else until / 1e9))
    return select_window(captured, until, last)
