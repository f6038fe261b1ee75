from pathlib import Path

import fsspec
import numpy as np
import pytest
from PIL import Image

from faces.data.detection import DetectedFace
from faces.data.picture_files import PictureFiles
from faces.errors import UserError


def write(file: Path, side: int = 92) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((side, side), 120, np.uint8)).save(file)


def test_pictures_are_found_in_any_subfolder_and_other_files_are_listed(tmp_path: Path) -> None:
    write(tmp_path / "b.png")
    write(tmp_path / "2026" / "11" / "a.jpg")
    write(tmp_path / ".thumbs" / "a.png")
    (tmp_path / "phone.HEIC").write_bytes(b"x")
    (tmp_path / "broken.png").write_bytes(b"x")
    found = PictureFiles(str(tmp_path), "auto")
    assert list(found.pictures) == ["2026/11/a.jpg", "b.png", "broken.png"]
    assert found.skipped == {"phone.HEIC": ".heic is not supported"}
    located = found.locate(["2026/11/a.jpg", "broken.png"])
    face = located["2026/11/a.jpg"][0]
    assert isinstance(face, DetectedFace)
    assert (face.x, face.side) == (46, 92)
    assert str(located["broken.png"]).startswith("is not an image")


def test_a_changed_file_has_another_fingerprint(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    write(tmp_path / "b.png")
    before = PictureFiles(str(tmp_path), "auto").pictures
    write(tmp_path / "b.png", 100)
    after = PictureFiles(str(tmp_path), "auto").pictures
    assert before["a.png"] == after["a.png"]
    assert before["b.png"] != after["b.png"]


def test_pictures_are_read_from_uris(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    system = fsspec.filesystem("memory")
    system.pipe("/photos/x/a.png", (tmp_path / "a.png").read_bytes())
    system.pipe("/photos/x/y/b.txt", b"")
    found = PictureFiles("memory://photos", "auto")
    assert list(found.pictures) == ["x/a.png"]
    assert found.skipped == {"x/y/b.txt": ".txt is not supported"}
    assert len(found.locate(["x/a.png"])["x/a.png"]) == 1


def test_a_file_that_disappears_is_skipped_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    write(tmp_path / "b.png")
    found = PictureFiles(str(tmp_path), "auto")
    (tmp_path / "b.png").unlink()
    located = found.locate(["a.png", "b.png"])
    assert len(located["a.png"]) == 1
    assert str(located["b.png"]).startswith("cannot be read: ")
    assert "\n" not in str(located["b.png"])


@pytest.mark.parametrize("source", ["", "memory://nothing"])
def test_a_source_without_pictures_is_reported(source: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no PNG, JPEG, PGM or WebP files"):
        PictureFiles(source or str(tmp_path), "auto")


def test_an_unknown_kind_of_uri_is_reported_in_one_line() -> None:
    with pytest.raises(UserError, match="nowhere://x cannot be read: ") as error:
        PictureFiles("nowhere://x", "auto")
    assert "\n" not in str(error.value)


def test_objects_of_a_bucket_that_stand_for_folders_are_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: dict[str, dict[str, int]] = {f"b/photos{name}": {} for name in ("/", "/x/", "/x/a.png")}
    monkeypatch.setattr("faces.data.picture_files._list", lambda _: (None, "b/photos", found))
    pictures = PictureFiles("gs://b/photos", "auto")
    assert list(pictures.pictures) == ["x/a.png"]
    assert pictures.skipped == {}
