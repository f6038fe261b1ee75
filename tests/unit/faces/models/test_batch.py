from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from faces.data.detection import DetectedFace
from faces.data.photos import entire_face
from faces.data.picture_files import Located
from faces.models import batch
from faces.models.batch import PictureResult, recognise_pictures, to_table
from faces.runtime.portable import PortableModel

SHADES = {"black": 0.0, "white": 1.0}


def a_model() -> PortableModel:
    """Names dark faces 'dark' and bright ones 'bright'; rejects those in the middle."""
    weights = np.zeros((4096, 2), np.float32)
    weights[0] = [-1, 1]
    affine = {"weights": weights, "offset": np.array([0.5, -0.5], np.float32)}
    operators = [("affine", affine), ("softmax", {})]
    return PortableModel(operators, np.array(["dark", "bright"]), {}, rejection_threshold=0.4)


class Shades:
    """Pictures of one shade each, by name: 'black' or a number; 'empty' has no face."""

    def __init__(self, *names: str) -> None:
        self.pictures: Mapping[str, str] = {name: f"{name} 1" for name in names}
        self.read: list[str] = []

    def locate(self, names: Sequence[str]) -> Located:
        self.read += names
        return {name: self._faces(name) for name in names}

    def _faces(self, name: str) -> list[DetectedFace] | str:
        if name in ("empty", "broken"):
            return [] if name == "empty" else "is not an image"
        shades = [SHADES[part] if part in SHADES else float(part) for part in name.split("+")]
        return [entire_face(np.full((64, 64), shade, np.float32), 92, 112) for shade in shades]


Kept = list[Mapping[str, PictureResult]]


def run(source: Shades, done: Mapping[str, PictureResult] | None = None) -> tuple[dict, Kept]:
    kept: Kept = []
    results = recognise_pictures(a_model(), source, done or {}, kept.append, lambda *_: None)
    return results, kept


def test_each_face_is_a_row_and_pictures_without_faces_have_a_reason() -> None:
    results, _ = run(Shades("white+black", "0.5", "empty", "broken"))
    table = to_table(results)
    assert list(table["file"]) == ["white+black", "white+black", "0.5"]
    assert list(table["name"]) == ["bright", "dark", "unknown"]
    assert list(table["score"]) == pytest.approx([0.5, 0.5, 0])
    assert table["confidence"][0] == pytest.approx(1 / (1 + np.exp(-1)))
    assert (table["x"][0], table["y"][0], table["side"][0]) == (46, 56, 92)
    assert results["empty"].skipped == "no face was found"
    assert results["broken"].skipped == "is not an image"


def test_a_table_without_faces_has_all_columns() -> None:
    table = to_table(run(Shades("empty"))[0])
    assert len(table) == 0
    assert list(table.columns)[:2] == ["file", "x"]


def test_finished_pictures_are_not_read_again_unless_they_changed() -> None:
    first, kept = run(Shades("black", "white", "empty"))
    assert kept == [first], "what is finished is kept at the end"
    source = Shades("0.1", "black", "empty", "white")
    source.pictures = {**source.pictures, "white": "white 2"}
    again, kept = run(source, first)
    assert source.read == ["0.1", "white"]
    assert [list(results) for results in kept] == [["0.1", "white"]]
    assert list(again) == ["0.1", "black", "empty", "white"]
    assert again["black"] is first["black"]


def test_results_are_kept_while_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "KEEP_EVERY_SECONDS", 0)
    monkeypatch.setattr(batch, "PICTURES_AT_A_TIME", 2)
    _, kept = run(Shades("black", "white", "0.2", "0.7", "empty"))
    assert [list(results) for results in kept] == [["black", "white"], ["0.2", "0.7"], ["empty"]]
