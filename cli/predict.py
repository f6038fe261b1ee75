"""Send a face to the endpoint and show who it is: an image file, or one of the held-out faces.

python -m cli.predict
python -m cli.predict ada.png --truth ada
python -m cli.predict --body > face.json      # what to send, for curl
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from cli import runtime_env
from cli.exit_codes import exit_code


def main() -> int:
    """Ask, and print the answer."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("image", nargs="?", type=Path, help="PNG, JPEG or PGM; default: held-out")
    parser.add_argument("--truth", metavar="NAME", help="then tell the endpoint who it really is")
    parser.add_argument("--body", action="store_true", help="print the request, do not send it")
    args = parser.parse_args()
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    return exit_code(lambda: ask(args.image, args.truth, args.body))


def ask(image: Path | None, truth: str | None, body: bool) -> None:
    """Send one face and print the three most probable people, or print what would be sent."""
    from rich.console import Console

    from components.deployers.base import active_deployer
    from faces.client import send_faces, send_feedback
    from faces.data.sources.folder import read_image
    from faces.runtime.image import IMAGE_SIDE
    from store.versions import find_version, load_artifact

    endpoint = active_deployer().endpoint()
    if image is None:
        version = find_version(int(endpoint.version))
        assert version is not None
        faces, split = load_artifact(version, "faces"), load_artifact(version, "split")
        row = int(np.random.default_rng().choice(split.test))
        pixels, who = faces.pixels[row], f"a held-out image of {faces.labels[row]}"
    else:
        pixels, who = read_image(image, IMAGE_SIDE).ravel(), str(image)
    if body:
        print(json.dumps({"data": {"ndarray": [pixels.astype(float).round(6).tolist()]}}))
        return
    answer = send_faces(endpoint.url, pixels[None], headers=endpoint.headers)
    classes, sure = np.array(answer.classes), answer.probabilities[0]
    console = Console(highlight=False)
    console.print(f"{who}, asked at {endpoint.url} (version {answer.version}):", soft_wrap=True)
    console.print(f"[bold]{answer.predicted[0]}[/]")
    for column in sure.argsort()[::-1][:3]:
        console.print(f"  {sure[column]:6.1%}  {classes[column]}")
    if truth:
        send_feedback(endpoint.url, answer.request, [truth], headers=endpoint.headers)
        console.print(f"told it that this is {truth}")
    console.print(f"[dim]request {answer.request}[/]")


if __name__ == "__main__":
    sys.exit(main())
