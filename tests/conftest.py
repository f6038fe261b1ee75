"""Faces to test with, and a ZenML of the tests' own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from cli import runtime_env
from faces.data.dataset import Faces, load_faces
from faces.data.sources import olivetti

runtime_env.set_defaults()


def real_faces_are_here() -> bool:
    return olivetti.cache_file().exists()


needs_real_faces = pytest.mark.skipif(
    not real_faces_are_here(), reason="the Olivetti faces are not in SCIKIT_LEARN_DATA"
)


@pytest.fixture(scope="session")
def drawn() -> Faces:
    """Twelve invented people, eight images each."""
    return load_faces("synthetic", people=12, images=8)


@pytest.fixture(scope="session")
def real() -> Faces:
    """The Olivetti faces."""
    return load_faces("olivetti")


@pytest.fixture(scope="session")
def people_folder(tmp_path_factory: pytest.TempPathFactory, drawn: Faces) -> Path:
    """Four people as image files, with conditions.csv."""
    from PIL import Image

    root = tmp_path_factory.mktemp("people")
    rows = ["file,yaw"]
    for row in np.flatnonzero(np.isin(drawn.labels, drawn.identities[:4])):
        person = root / drawn.labels[row]
        person.mkdir(exist_ok=True)
        name = f"{row}.png"
        Image.fromarray((drawn.images[row] * 255).round().astype(np.uint8)).save(person / name)
        rows.append(f"{person.name}/{name},{drawn.conditions['yaw'][row]}")
    (root / "conditions.csv").write_text("\n".join(rows) + "\n")
    return root


@contextmanager
def own_zenml(home: Path) -> Iterator[Path]:
    """A ZenML configuration that nothing else knows, for as long as the block lasts."""
    former = dict(os.environ)
    os.environ["ZENML_CONFIG_PATH"] = str(home)
    os.environ.pop("ZENML_ACTIVE_STACK_ID", None)
    from zenml.client import Client
    from zenml.config.global_config import GlobalConfiguration

    def begin_anew() -> None:
        GlobalConfiguration._reset_instance()
        Client._reset_instance()

    begin_anew()
    yield home
    os.environ.clear()
    os.environ.update(former)
    begin_anew()


@pytest.fixture(scope="session")
def zenml_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A ZenML configuration that nothing but this test session knows."""
    with own_zenml(tmp_path_factory.mktemp("zenml")) as home:
        yield home


def run_pipeline(folder: Path, pipeline: str, text: str = "", **given: Any) -> dict[str, Any]:
    """Run a pipeline as run.py does, with a config of the test's own; gives its summary."""
    from cli.runner import run_pipeline
    from cli.settings import read_settings

    config = folder / "config.yaml"
    config.write_text(text)
    settings = read_settings(pipeline, config, given)
    return run_pipeline(pipeline, settings, "local", True, Console(file=StringIO()))
