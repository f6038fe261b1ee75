from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app import enrolment
from cli import enrol
from faces.data.dataset import Faces
from faces.errors import OperationError, UserError
from faces.reports.png import grey_png
from store import enrolled_people


@pytest.fixture
def pictures(drawn: Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Three faces of a person, and a place to keep them."""
    for module in (enrolment, enrolled_people):
        monkeypatch.setattr(module, "enrolment_folder", lambda: tmp_path / "enrolled")
    files = [tmp_path / f"{row}.png" for row in range(3)]
    for row, file in enumerate(files):
        file.write_bytes(grey_png(drawn.images[row]))
    return files


def test_the_faces_are_kept_once_a_version_has_learned_them(
    pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OperationError("the endpoint does not start")

    monkeypatch.setattr(enrol, "_train", lambda: None)
    monkeypatch.setattr(enrol, "_deploy", fail)
    with pytest.raises(OperationError):
        enrol.enrol("Eve", pictures)
    assert len(list((tmp_path / "enrolled" / "Eve").iterdir())) == 3


@pytest.mark.parametrize("error", [OperationError("the gate refuses"), KeyboardInterrupt()])
def test_otherwise_they_are_discarded(
    pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(enrol, "_train", fail)
    with pytest.raises(type(error)):
        enrol.enrol("Eve", pictures)
    assert not (tmp_path / "enrolled" / "Eve").exists()


def test_pictures_that_cannot_be_used_are_named(pictures: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="3 to 10 pictures are needed, not 2"):
        enrol.enrol("Eve", pictures[:2])
    (tmp_path / "dark.png").write_bytes(grey_png(np.zeros((64, 64), np.float32)))
    with pytest.raises(UserError, match=r"dark\.png: the face is blurred: take another"):
        enrol.enrol("Eve", [*pictures, tmp_path / "dark.png"])
    with pytest.raises(UserError, match=r"none\.png cannot be read: No such file"):
        enrol.enrol("Eve", [*pictures, tmp_path / "none.png"])


def test_production_is_trained_again_with_its_settings(
    pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: dict[str, Any] = {"model": "logistic", "seed": 5, "data": {"source": "olivetti"}}
    version = SimpleNamespace(run_metadata={"settings": recorded})
    monkeypatch.setattr("store.versions.production_version", lambda: version)
    settings = enrol.training_settings().model_dump()
    assert (settings["model"], settings["seed"]) == ("logistic", 5)
    assert settings["data"]["source"] == "olivetti"
    assert settings["data"]["enrolled"] == str(tmp_path / "enrolled")
    monkeypatch.setattr("store.versions.production_version", lambda: None)
    assert enrol.training_settings().model_dump()["model"] == enrol.DEFAULT_MODEL
