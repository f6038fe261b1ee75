"""Make the screenshots of the app for the documentation, from faces of people who do not exist.

    python -m scripts.app_screenshots docs      # two minutes; needs Chromium

It trains on photos of synthetic people, serves the model, sends traffic and opens the pages, all in
a temporary ZenML configuration.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import requests
from numpy.typing import NDArray
from PIL import Image

from benchmarks.scenes import PlacedFace, cluttered_background, paste_face
from faces.client import send_faces, send_feedback
from faces.data.dataset import Faces, load_faces
from faces.data.detection import Problem, choose_face, find_faces
from faces.reports.png import grey_png
from scripts.chromium import chromium
from scripts.chromium_page import Page

NAMES = ("Ada", "Bela", "Carl", "Dora", "Emil", "Fritz", "Greta", "Hanna", "Igor", "Jana")
RUN = [sys.executable, str(Path(__file__).parents[1] / "run.py")]
START_TIMEOUT_SECONDS = 60
MIN_PICTURES = 8
SEEN = PlacedFace(320, 240, 240, 3)
Picture = NDArray[np.float32]


def main() -> None:
    """Make the screenshots."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where to write them")
    folder: Path = parser.parse_args().folder
    with TemporaryDirectory() as name:
        root = Path(name)
        environment = {**os.environ, "ZENML_CONFIG_PATH": str(root / "zenml")}
        people = make_people(root / "people")
        group = root / "group.png"
        group.write_bytes(grey_png(make_group(people)))
        port = free_port()
        config = root / "deployment.yaml"
        config.write_text(f"endpoint: {{port: {port}}}\n")
        run(
            environment,
            "--pipeline",
            "training",
            "--data",
            str(root / "people"),
            "--model",
            "fisher",
        )
        run(environment, "--pipeline", "deployment", "--config", str(config))
        try:
            send_traffic(f"http://127.0.0.1:{port}", people)
            run(environment, "--pipeline", "drift_detection")
            with running_app(environment) as url, chromium() as browser, browser.page() as page:
                take_screenshots(page, url, group, folder)
        finally:
            run(environment, "endpoint", "--stop")


def free_port() -> int:
    """Return a TCP port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def run(environment: dict[str, str], *words: str) -> None:
    """Run a command of run.py.

    Args:
        environment: Its environment variables.
        *words: The command line.
    """
    print("run.py", *words, flush=True)
    subprocess.run([*RUN, *words], env=environment, check=True, stdout=subprocess.DEVNULL)


def make_people(folder: Path) -> dict[str, list[Picture]]:
    """Write a folder of photos, one subfolder per synthetic person.

    Args:
        folder: The folder.

    Returns:
        The faces of each person, as they were put into the photos.
    """
    faces = load_faces("synthetic", people=24, images=12, seed=5)
    rng = np.random.default_rng(0)
    people: dict[str, list[Picture]] = {}
    for label in faces.identities:
        if len(people) == len(NAMES):
            break
        photos = _photos(faces, label, rng)
        if len(photos) < MIN_PICTURES:
            continue
        name = NAMES[len(people)]
        (folder / name).mkdir(parents=True)
        for number, (_, photo) in enumerate(photos):
            (folder / name / f"{number}.png").write_bytes(grey_png(photo))
        people[name] = [face for face, _ in photos]
    return people


def _photos(faces: Faces, label: str, rng: np.random.Generator) -> list[tuple[Picture, Picture]]:
    """Return faces of a person and photos of them, in which the face is found."""
    photos = []
    for row in np.flatnonzero(faces.labels == label):
        place = PlacedFace(320, 240, 260, float(rng.uniform(-8, 8)))
        photo = paste_face(wall(rng, (480, 640)), faces.images[row], place)
        if not isinstance(choose_face(find_faces(photo)), Problem):
            photos.append((faces.images[row], photo))
    return photos


def wall(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """Draw a calm background.

    Args:
        rng: Source of randomness.
        size: Height and width.

    Returns:
        Grey pixels in [0, 1].
    """
    return np.asarray(cluttered_background(rng, size) * 0.3 + 0.3, np.float32)


def make_group(people: dict[str, list[Picture]]) -> Picture:
    """Compose a photo of three people.

    Args:
        people: Faces by person.

    Returns:
        Grey pixels in [0, 1].
    """
    scene = wall(np.random.default_rng(4), (600, 1000))
    places = (
        PlacedFace(190, 290, 230, -6), PlacedFace(500, 320, 250, 4), PlacedFace(810, 290, 230, 8),
    )  # fmt: skip
    for name, place in zip(("Ada", "Dora", "Greta"), places, strict=True):
        scene = paste_face(scene, people[name][0], place)
    return scene


def send_traffic(url: str, people: dict[str, list[Picture]], requests: int = 60) -> None:
    """Send noisy faces to the endpoint, with labels for half of them, a few of which are wrong.

    Args:
        url: The endpoint's address.
        people: Faces by person.
        requests: Number of requests.
    """
    rng, names = np.random.default_rng(1), list(people)
    for number in range(requests):
        name = names[number % len(names)]
        photo = paste_face(wall(rng, (480, 640)), people[name][number % MIN_PICTURES], SEEN)
        found = choose_face(find_faces(photo))
        if isinstance(found, Problem):
            continue
        noisy = found.image + rng.normal(0, 0.01 * (1 + number % 4), found.image.shape)
        answer = send_faces(url, noisy.clip(0, 1).reshape(1, -1))
        if number % 2:
            wrong = names[(number + 5) % len(names)]
            send_feedback(url, answer.request, [wrong if number % 9 == 0 else name])


@contextmanager
def running_app(environment: dict[str, str]) -> Iterator[str]:
    """Run the app within the block.

    Args:
        environment: Its environment variables.

    Yields:
        Its address.

    Raises:
        TimeoutError: If it does not start.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words: Sequence[str] = ("app", "--port", str(port), "--no-browser")
    with subprocess.Popen([*RUN, *words], env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + START_TIMEOUT_SECONDS
            while not _answers(url):
                if time.monotonic() > deadline:
                    raise TimeoutError("the app did not start in time")
                time.sleep(0.2)
            yield url
        finally:
            process.terminate()
            process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/openapi.json", timeout=5).ok
    except requests.RequestException:
        return False


def take_screenshots(page: Page, url: str, group: Path, folder: Path) -> None:
    """Visit the pages as a person does, and write pictures of them.

    Args:
        page: A tab.
        url: Address of the app.
        group: A photo.
        folder: Where to write them.
    """
    page.emulate(1100, 760)
    page.open(url)
    page.wait_for_text("Or try a held-out picture")
    page.upload(group)
    page.wait_for_text("by version")
    save(page, folder / "app_recognise.webp")
    page.open(f"{url}/review")
    page.wait_for_text("left")
    save(page, folder / "app_review.webp")
    page.emulate(1100, 820, dark=True)
    page.open(f"{url}/monitor")
    page.wait_for("document.querySelectorAll('canvas').length >= 1")
    save(page, folder / "app_monitor.webp")


def save(page: Page, file: Path) -> None:
    """Write a picture of a page as a small WebP file.

    Args:
        page: The tab.
        file: The file.
    """
    time.sleep(1)  # transitions and fonts
    Image.open(BytesIO(page.screenshot())).save(file, quality=80, method=6)
    print(f"{file}: {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
