import base64
import gzip
import io
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks.byte_scanner import ByteScanner
from faces.data.dataset import Faces

NAME = "wilhelmina"


@pytest.fixture(scope="module")
def image(drawn: Faces) -> NDArray[np.float32]:
    return drawn.images[0]


@pytest.fixture(scope="module")
def scanner(drawn: Faces) -> ByteScanner:
    return ByteScanner(drawn.images[:1], [NAME], drawn.ids[:1].tolist(), drawn.images[8:])


def as_uint8(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    return (image * 255).round().astype(np.uint8)


def as_png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def kinds(scanner: ByteScanner, data: bytes) -> set[str]:
    return {finding.kind for finding in scanner.scan("file", data)}


def test_pixels_are_found_in_every_encoding(
    scanner: ByteScanner, image: NDArray[np.float32]
) -> None:
    grey = as_uint8(image)
    page = b'<img src="data:image/png;base64,' + base64.b64encode(as_png(grey)) + b'">'
    enlarged = np.pad(grey, 5).repeat(2, axis=0).repeat(2, axis=1)
    archive = io.BytesIO()
    np.savez_compressed(archive, images=image[None])
    assert kinds(scanner, b"head" + image.tobytes()) == {"float32"}
    assert kinds(scanner, b"head" + grey.tobytes()) == {"uint8"}
    for skip in range(3):
        assert kinds(scanner, base64.b64encode(b"x" * skip + image.tobytes())) == {"base64"}
        assert kinds(scanner, base64.b64encode(b"x" * skip + grey.tobytes())) == {"base64"}
    assert kinds(scanner, as_png(grey)) == {"png"}
    assert kinds(scanner, as_png(enlarged)) == {"png"}
    assert kinds(scanner, page) == {"png"}
    assert "float32" in kinds(scanner, archive.getvalue())
    assert "float32" in kinds(scanner, gzip.compress(image.tobytes()))


def test_names_and_ids_are_found_as_whole_words(scanner: ByteScanner, drawn: Faces) -> None:
    assert kinds(scanner, f'{{"label": "{NAME}"}}'.encode()) == {"name"}
    assert kinds(scanner, np.array([NAME, "ada"]).tobytes()) == {"name"}
    assert kinds(scanner, drawn.ids[0].encode()) == {"id"}
    assert kinds(scanner, f"{NAME}x".encode()) == set()


def test_other_people_are_not_found(scanner: ByteScanner, drawn: Faces) -> None:
    others = drawn.images[8:]
    assert kinds(scanner, others.tobytes()) == set()
    assert kinds(scanner, as_uint8(others).tobytes()) == set()


def test_freed_pages_of_a_database_and_names_of_files_are_searched(
    scanner: ByteScanner, image: NDArray[np.float32], tmp_path: Path
) -> None:
    file = tmp_path / "store.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE faces (pixels BLOB)")
        connection.execute("INSERT INTO faces VALUES (?)", [image.tobytes()])
        connection.commit()
        connection.execute("DELETE FROM faces")
    connection.close()
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "empty").touch()
    found = {(Path(f.file).name, f.kind) for f in scanner.scan_folders([tmp_path])}
    assert found == {("store.db", "float32"), ("empty", "name")}
