"""What is left of a person after `--pipeline forget`: bytes, membership, failed requests; and time.

    python -m benchmarks.erasure                  # the whole loop on this machine, then a scan
    python -m benchmarks.erasure --membership     # membership inference, over people and splits

The first command enrols 40 people from a folder, fills every store (traffic, drift detection,
retraining, a rollback, the history), forgets one person while requests are sent, and searches all
files of ZenML, MLflow and the endpoint for bytes of the person.

Membership inference asks whether a model was trained on an image. As in Yeom et al. (2018), the
attacker thresholds the model's confidence, here its score, which is the largest logit before
calibration. For each person, the AUC compares images that were trained on before the person was
forgotten with images of the same person that never were; both are drawn at random from all
images, which are in random order: otherwise images with the same number show similar poses. 0.5 is
chance: nothing of the membership is left. The model before shows that the attack works.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import track
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from benchmarks.byte_scanner import ByteScanner
from benchmarks.servers_under_test import free_port
from faces.client import send_faces
from faces.data.dataset import Faces, load_faces
from faces.data.removal import Removal, split_without
from faces.data.split import split_by_condition
from faces.models import build_model
from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features
from faces.runtime.portable import PortableModel

ROOT = Path(__file__).parent.parent
PERSON = "wilhelmina"
"""A name that nothing else has."""
ALL_IMAGES = ""
TEST_SHARE = 0.5
BOOTSTRAPS = 2000


def main() -> None:
    """Parse the command line, and print figures in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--membership", action="store_true")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--models", default="svm,fisher")
    args = parser.parse_args()
    if args.membership:
        print("| model | AUC before | AUC after (95 % interval) |\n|---|---|---|")
        for model in args.models.split(","):
            measure_membership(model, args.splits)
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure_erasure(Path(folder))


def measure_membership(model: str, splits: int) -> None:
    """Forget each person once per split, and print how well membership can be inferred."""
    faces = load_faces("olivetti")
    work = [(person, seed) for seed in range(splits) for person in faces.identities]
    with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        results = pool.map(partial(membership_auc, faces, model), work, chunksize=8)
        aucs = np.array(list(track(results, model, total=len(work))))
    rng = np.random.default_rng(0)
    after = aucs[:, 1].reshape(splits, -1).mean(axis=0)
    people = rng.integers(len(after), size=(BOOTSTRAPS, len(after)))
    low, high = np.quantile(after[people].mean(axis=1), [0.025, 0.975])
    print(f"| {model} | {aucs[:, 0].mean():.3f} | {after.mean():.3f} ({low:.3f} to {high:.3f}) |")


def membership_auc(faces: Faces, model: str, work: tuple[str, int]) -> tuple[float, float]:
    """Return the AUC for one person's images before and after the person was forgotten."""
    person, seed = work
    faces = faces[np.random.default_rng(seed).permutation(len(faces))]
    split = split_by_condition(faces, {}, TEST_SHARE, seed)
    members = split.train[faces.labels[split.train] == person]
    others = split.test[faces.labels[split.test] == person]
    before = train(faces, split.train, model)
    rest, its_split = split_without(
        faces, Removal(frozenset({person})), ALL_IMAGES, TEST_SHARE, seed
    )
    after = train(rest, its_split.train, model)
    return tuple(  # type: ignore[return-value]
        auc(score(fitted, faces, members), score(fitted, faces, others))
        for fitted in (before, after)
    )


def train(faces: Faces, rows: np.ndarray, name: str) -> PortableModel:
    """Train and export a model as the pipeline does."""
    model, data = build_model(name), faces[rows]
    features = fit_features(model, data.pixels, data.labels)
    return export_model(fit_classifier(model, features, data.pixels, data.labels), {})


def score(model: PortableModel, faces: Faces, rows: np.ndarray) -> np.ndarray:
    """Return the attacker's score of each image."""
    return model.predict_open_set(faces.pixels[rows]).scores


def auc(members: np.ndarray, others: np.ndarray) -> float:
    """Return the probability that a member's score is larger; ties count half."""
    ranks = rankdata(np.concatenate([members, others]))[: len(members)]
    return float((ranks.mean() - (len(members) + 1) / 2) / len(others))


def measure_erasure(folder: Path) -> None:
    """Run the whole loop, forget a person, and print what is left and how long it took."""
    faces = write_people(folder / "people")
    environment = os.environ | {"ZENML_CONFIG_PATH": str(folder / "zenml"), "HOME": str(folder)}
    pipeline = partial(run, environment)
    port = free_port()
    (folder / "deployment.yaml").write_text(f"endpoint: {{port: {port}}}\n")
    pipeline("training", "--data", str(folder / "people"))
    pipeline("deployment", "--config", str(folder / "deployment.yaml"))
    try:
        for condition in ("yaw=frontal", "yaw=left,right"):
            pipeline("traffic", "--condition", condition, "--requests", "120")
            pipeline("drift_detection")
        pipeline("history", "--page", str(folder / "zenml" / "history.html"))
        (folder / "zenml" / "history.html").unlink()
        theirs = faces.labels == PERSON
        scanner = ByteScanner(
            faces.images[theirs], [PERSON], faces.ids[theirs].tolist(), faces.images[~theirs]
        )
        before = scanner.scan_folders([folder / "zenml"])
        started = time.monotonic()
        with clients(f"http://127.0.0.1:{port}", faces.pixels[~theirs][:1]) as answers:
            pipeline("forget", "--person", PERSON)
        total = time.monotonic() - started
        left = scanner.scan_folders([folder / "zenml"])
    finally:
        subprocess.run(
            [sys.executable, "run.py", "endpoint", "--stop"],
            cwd=ROOT, env=environment, capture_output=True,
        )  # fmt: skip
    live = next(when for when, version in answers if version != answers[0][1]) - started
    failed = [version for _, version in answers if not version.isdigit()]
    print("| figure | |\n|---|---|")
    print(f"| files with bytes of the person before | {len({f.file for f in before})} |")
    print(f"| files with bytes of the person after | {len({f.file for f in left})} |")
    print(f"| command to live without the person | {live:.1f} s |")
    print(f"| command to receipt | {total:.1f} s |")
    print(f"| requests meanwhile, failed | {len(answers)}, {len(failed)} |")


def write_people(folder: Path) -> Faces:
    """Write 40 people as image files, one of them under another name, and load them."""
    faces = load_faces("auto")
    names = np.where(faces.labels == faces.identities[6], PERSON, faces.labels)
    rows = ["file,yaw"]
    for row, name in enumerate(names):
        (folder / name).mkdir(parents=True, exist_ok=True)
        pixels = (faces.images[row] * 255).round().astype(np.uint8)
        Image.fromarray(pixels).save(folder / name / f"{row:03}.png")
        rows.append(f"{name}/{row:03}.png,{faces.conditions['yaw'][row]}")
    (folder / "conditions.csv").write_text("\n".join(rows) + "\n")
    return load_faces(str(folder))


def run(environment: dict[str, str], name: str, *options: str) -> None:
    """Run a pipeline in a separate process."""
    command = [sys.executable, "run.py", "--pipeline", name, *options]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} failed: {done.stderr[-500:]}")


@contextmanager
def clients(url: str, pixels: np.ndarray) -> Iterator[list[tuple[float, str]]]:
    """Send requests within the block; yields when which version answered, or the error."""
    answers: list[tuple[float, str]] = []
    finished = threading.Event()

    def send() -> None:
        while not finished.wait(0.05):
            try:
                answer = send_faces(url, pixels).version
            except Exception as error:
                answer = repr(error)
            answers.append((time.monotonic(), answer))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield answers
    finally:
        finished.set()
        thread.join()


if __name__ == "__main__":
    main()
