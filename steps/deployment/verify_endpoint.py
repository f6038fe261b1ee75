"""Compare the endpoint's answers with the model's own; if they differ, put the former one back."""

from typing import Annotated, Any
from uuid import uuid4

import numpy as np
from zenml import step

from components.deployers.base import Endpoint, active_deployer
from faces.client import send_faces
from faces.errors import OperationError
from faces.runtime.capture_format import VERIFICATION
from store.versions import find_version, load_artifact

CLOSE = 1e-4
"""How far a probability may be off: numbers go to the endpoint as decimals, and come back so."""


@step(enable_cache=False)
def verify_endpoint(live: dict[str, Any], images: int) -> Annotated[float, "largest_difference"]:
    """Ask the endpoint about a few held-out faces, and the trained model itself.

    Raises OperationError if the answers differ or do not come; the former version is live again then.
    """
    deployer = active_deployer()
    try:
        return compare(deployer.endpoint(), int(live["version"]), images)
    except OperationError as error:
        deployer.restore(live["replaced"])
        now = f"version {live['replaced']} is live again" if live["replaced"] else "nothing is live"
        raise OperationError(f"version {live['version']} was taken back, {now}: {error}") from error


def compare(endpoint: Endpoint, number: int, images: int) -> float:
    """The largest difference of a probability. Raises OperationError if it is too large."""
    version = find_version(number)
    assert version is not None
    model, faces = load_artifact(version, "model"), load_artifact(version, "faces")
    split = load_artifact(version, "split")
    held_out = np.concatenate([split.test, split.drifted])
    pixels = faces.pixels[np.random.default_rng(number).permutation(held_out)[:images]]
    own = model.predict_proba(pixels)
    request = f"{VERIFICATION}{number}-{uuid4().hex}"
    answer = send_faces(endpoint.url, pixels, headers=endpoint.headers, request=request)
    if answer.version != str(number):
        raise OperationError(f"the endpoint serves version {answer.version}")
    if answer.classes != [str(name) for name in model.classes_]:
        raise OperationError("the endpoint knows other people than the model")
    difference = float(np.abs(answer.probabilities - own).max())
    if not difference <= CLOSE:
        raise OperationError(f"its probabilities are up to {difference:.2g} off the model's own")
    return difference
