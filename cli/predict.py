"""Send a face to the endpoint and show who it is: an image file, or one of the held-out faces.

Examples:
  python run.py predict
  python run.py predict ada.png --label ada
  python run.py predict --body > face.json      # the request's body, for curl
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cli import runtime_env
from cli.exit_codes import exit_code

TOP = 3
"""The most probable classes that are shown."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and print the prediction."""
    parser = argparse.ArgumentParser(
        prog="run.py predict",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "image", nargs="?", type=Path, help="PNG, JPEG or PGM; default: a held-out face"
    )
    parser.add_argument("--label", "--truth", metavar="NAME", help="true label, sent as feedback")
    parser.add_argument(
        "--body", action="store_true", help="print the request body without sending it"
    )
    args = parser.parse_args(arguments)
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    return exit_code(lambda: predict(args.image, args.label, args.body))


def predict(image: Path | None, label: str | None, body: bool) -> None:
    """Send one face and print the most probable people, or print the body of the request.

    Raises:
        UserError: If nothing is deployed, or the image cannot be read.
        OperationError: If the endpoint does not answer.
    """
    from cli.console import make_console
    from components.deployers.base import active_deployer
    from faces.client import send_faces, send_feedback

    endpoint = active_deployer().endpoint()
    pixels, title = _read(image) if image else _held_out(int(endpoint.version))
    if body:
        print(json.dumps({"data": {"ndarray": [pixels.astype(float).round(6).tolist()]}}))
        return
    prediction = send_faces(endpoint.url, pixels[None], headers=endpoint.headers)
    probabilities = prediction.probabilities[0]
    console = make_console()
    console.print(
        f"{title}, sent to {endpoint.url} (version {prediction.version}):", soft_wrap=True
    )
    console.print(f"[bold]{prediction.predicted[0]}[/]")
    for column in probabilities.argsort()[::-1][:TOP]:
        console.print(f"  {probabilities[column]:6.1%}  {prediction.classes[column]}")
    if label:
        send_feedback(endpoint.url, prediction.request, [label], headers=endpoint.headers)
        console.print(f"sent the label {label} as feedback")
    console.print(f"[dim]request {prediction.request}[/]")


def _read(image: Path) -> tuple[NDArray[np.float32], str]:
    from faces.data.sources.folder import read_image
    from faces.runtime.image import IMAGE_SIDE

    return read_image(image, IMAGE_SIDE).ravel(), str(image)


def _held_out(number: int) -> tuple[NDArray[np.float32], str]:
    from store.versions import load_artifact, require_version

    version = require_version(number)
    faces, split = load_artifact(version, "faces"), load_artifact(version, "split")
    row = int(np.random.default_rng().choice(split.test))
    return faces.pixels[row], f"a held-out image of {faces.labels[row]}"
