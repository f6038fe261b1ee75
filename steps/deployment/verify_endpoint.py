"""Compare the endpoint's predictions with the model's; restore the previous version otherwise."""

from typing import Annotated
from uuid import uuid4

import numpy as np
from zenml import step

from components.deployers.base import FaceDeployer, active_deployer
from components.deployers.endpoint import Endpoint, Replaced
from faces.client import send_faces
from faces.errors import OperationError
from faces.runtime.capture_format import VERIFICATION
from faces.runtime.portable import LARGE_CLASSES
from store.records import Rollout
from store.versions import load_artifact, require_version

MAX_DIFFERENCE = 1e-4
"""Probabilities may differ by this much: they travel as decimals in both directions."""


@step(enable_cache=False)
def verify_endpoint(rollout: Rollout, images: int) -> Annotated[float, "largest_difference"]:
    """Compare the endpoint's predictions for held-out faces with the trained model's.

    Args:
        rollout: The deployment to verify.
        images: Number of faces to send.

    Returns:
        The largest absolute difference between two probabilities.

    Raises:
        OperationError: If the predictions differ or do not arrive. The previous version is live
            again then, unless another run has deployed a different one meanwhile.
    """
    deployer = active_deployer()
    try:
        return compare(deployer.endpoint(), rollout.version, images)
    except OperationError as error:
        raise OperationError(f"{_withdraw(deployer, rollout)}: {error}") from error


def _withdraw(deployer: FaceDeployer, rollout: Rollout) -> str:
    """Restore the previous version, unless another run has deployed one. Returns the outcome."""
    settings = rollout.replaced_settings
    replaced = Replaced(str(rollout.replaced), settings) if settings else None
    if not deployer.restore(replaced, instead_of=str(rollout.version)):
        return (
            f"version {rollout.version} failed, but another run has deployed version "
            f"{deployer.served_version()} meanwhile, which stays live"
        )
    now = f"version {rollout.replaced} is live again" if replaced else "nothing is live"
    return f"version {rollout.version} was withdrawn, {now}"


def compare(endpoint: Endpoint, number: int, images: int) -> float:
    """Return the largest absolute difference between two probabilities.

    Args:
        endpoint: The endpoint to send held-out faces to.
        number: The version that it should serve.
        images: Number of faces to send, chosen at random with the version as seed.

    Raises:
        OperationError: If the difference exceeds `MAX_DIFFERENCE`, or if the endpoint serves
            something else.
    """
    version = require_version(number)
    faces, split, portable = (load_artifact(version, n) for n in ("faces", "split", "portable"))
    # A quantized model differs from the trained one within the tolerances of its export.
    model = portable if portable.quantization else load_artifact(version, "model")
    held_out = np.concatenate([split.test, split.drifted])
    pixels = faces.pixels[np.random.default_rng(number).permutation(held_out)[:images]]
    expected = model.predict_proba(pixels)
    request = f"{VERIFICATION}{number}-{uuid4().hex}"
    prediction = send_faces(endpoint.url, pixels, headers=endpoint.headers, request=request)
    if prediction.version != str(number):
        raise OperationError(f"the endpoint serves version {prediction.version}")
    columns = _columns(portable.classes.tolist(), prediction.classes)
    difference = float(np.abs(prediction.probabilities - expected[:, columns]).max())
    if not difference <= MAX_DIFFERENCE:
        raise OperationError(
            f"the endpoint's probabilities differ from the model's by up to {difference:.2g}"
        )
    return difference


def _columns(classes: list[str], answered: list[str]) -> list[int]:
    """Return the columns of the classes in an answer: all, or the most probable of a large model.

    Raises:
        OperationError: If they are not the model's.
    """
    columns = {name: column for column, name in enumerate(classes)}
    is_complete = answered == classes or len(classes) > LARGE_CLASSES
    if not is_complete or not columns.keys() >= set(answered):
        raise OperationError("the endpoint's classes differ from the model's")
    return [columns[name] for name in answered]
