"""Send an image file or a held-out face to the endpoint, and show the predicted identity."""

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.markup import escape

from cli import runtime_env
from cli.exit_codes import exit_code
from cli.subcommand import make_parser
from faces.errors import OperationError, UserError, did_you_mean

if TYPE_CHECKING:
    from faces.client import Prediction

TOP = 3
"""The most probable classes that are shown."""

EXAMPLES = """\
examples:
  python run.py predict                              # a random held-out face
  python run.py predict ada.png
  python run.py predict ada.png --label ada          # and send the true label as feedback
  python run.py predict eve.png --label eve --new-person
  python run.py predict ada.png --body > face.json   # the request's body, for curl
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and print the prediction.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`.
    """
    parser = make_parser("predict", __doc__, EXAMPLES)
    parser.add_argument(
        "image", nargs="?", type=Path, help="PNG, JPEG, PGM or WebP; default: a held-out face"
    )
    parser.add_argument("--label", "--truth", metavar="NAME", help="true label, sent as feedback")
    parser.add_argument(
        "--new-person", action="store_true", help="the model does not know --label yet"
    )
    parser.add_argument(
        "--body", action="store_true", help="print the request body without sending it"
    )
    args = parser.parse_args(arguments)
    if args.new_person and not args.label:
        parser.error("--new-person needs --label")
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    return exit_code(
        lambda: predict(args.image, args.label, new_person=args.new_person, body=args.body)
    )


def predict(
    image: Path | None, label: str | None, *, new_person: bool = False, body: bool = False
) -> None:
    """Send one face and print the most probable people, or print the body of the request.

    Args:
        image: The image file; None sends a random held-out face.
        label: The true label, which is sent as feedback; None sends no feedback.
        new_person: Whether the label may be one that the model does not know.
        body: Whether to print the request's body as JSON instead of sending it.

    Raises:
        UserError: If nothing is deployed, the image cannot be read, the label is unknown, or there
            is no token for feedback.
        OperationError: If the endpoint does not respond.
    """
    from cli.console import make_console
    from components.deployers.base import active_deployer
    from faces.client import send_faces, send_feedback

    endpoint = active_deployer().endpoint()
    feedback_headers = endpoint.require_feedback_headers() if label else None
    pixels, title = _read(image) if image else _held_out(int(endpoint.version))
    if body:
        print(json.dumps({"data": {"ndarray": [pixels.astype(float).round(6).tolist()]}}))
        return
    try:
        prediction = send_faces(endpoint.url, pixels[None], headers=endpoint.headers)
    except OperationError as error:
        raise OperationError(f"{error}; python run.py endpoint shows its state") from error
    console = make_console()
    console.print(f"{escape(title)}, sent to {endpoint.url}:", soft_wrap=True)
    for line in describe_prediction(prediction):
        console.print(line, soft_wrap=True)
    console.print(f"[dim]version {prediction.version}, request {prediction.request}[/]")
    if label:
        note = check_label(label, prediction.classes, new_person)
        send_feedback(endpoint.url, prediction.request, [label], headers=feedback_headers)
        console.print(f"sent the label {escape(label)} as feedback{note}", soft_wrap=True)


def describe_prediction(prediction: "Prediction") -> Iterator[str]:
    """Describe the prediction of one face.

    Args:
        prediction: The endpoint's answer.

    Yields:
        Lines with markup: the identity, the most probable people, and the score; or why it was
        rejected. Probabilities apply only if the face is of somebody whom the model knows, so a
        rejected face has none.
    """
    from faces.runtime.portable import UNKNOWN

    predicted, score = prediction.predicted[0], prediction.scores[0]
    probabilities, threshold = prediction.probabilities[0], prediction.rejection_threshold
    best = probabilities.argsort()[::-1][:TOP]
    yield f"[bold]{escape(predicted)}[/]"
    if predicted == UNKNOWN and (threshold is None or score >= threshold):
        yield "  it does not resemble a face"
        return
    if predicted == UNKNOWN:
        yield f"  score {score:.3f}, below the rejection threshold {threshold:.3f}"
        yield f"  most similar: {escape(', '.join(prediction.classes[column] for column in best))}"
        return
    for column in best:
        yield f"  {probabilities[column]:6.1%}  {escape(prediction.classes[column])}"
    if threshold is None:
        yield "  this model cannot reject unknown people: every face gets a name"
    else:
        yield f"  score {score:.3f}, accepted (threshold {threshold:.3f})"


def check_label(label: str, classes: Collection[str], new_person: bool) -> str:
    """Check that the model knows a label, unless it is deliberately a new one.

    Args:
        label: The label to send as feedback.
        classes: The labels that the model knows.
        new_person: Whether another label is allowed.

    Returns:
        What else to say about the feedback; "" if the model knows the label.

    Raises:
        UserError: If the model does not know the label; the message suggests the nearest.
    """
    if label in classes:
        return ""
    if not new_person:
        nearest = did_you_mean(label, classes)
        raise UserError(
            f"no feedback sent: the model does not know '{label}': {nearest}"
            "for a person whom it does not know yet, add --new-person"
        )
    return (
        "; retraining skips it, since the model does not know this person: add images of "
        f"{escape(label)} to the training data"
    )


def _read(image: Path) -> tuple[NDArray[np.float32], str]:
    from faces.data.sources.folder import AUTO, read_image
    from faces.runtime.image import IMAGE_SIDE

    return read_image(image, IMAGE_SIDE, AUTO).ravel(), str(image)


def _held_out(number: int) -> tuple[NDArray[np.float32], str]:
    from store.versions import load_artifact, require_version

    version = require_version(number)
    faces, split = load_artifact(version, "faces"), load_artifact(version, "split")
    row = int(np.random.default_rng().choice(split.test))
    return faces.pixels[row], f"a held-out image of {faces.labels[row]}"
