from io import BytesIO
from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy as np
import pytest

from faces.runtime import array_file
from faces.runtime.array_file import read_arrays, write_arrays

SMALL = {"header": np.array("text"), "odd": np.arange(3, dtype=np.int8), "empty": np.zeros((0, 4))}
LARGE = {
    "0.weights": np.asarray(np.arange(6_000, dtype=np.float32).reshape(60, 100), order="F"),
    "0.offset": np.arange(2_000, dtype=np.float32),
}


def test_files_with_small_arrays_are_those_of_numpy() -> None:
    file = BytesIO()
    np.savez(file, **SMALL)  # type: ignore[arg-type]
    assert write_arrays(SMALL) == file.getvalue()


def test_large_arrays_are_mapped_without_a_copy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(array_file, "LARGE_BYTES", 1_000)
    path = tmp_path / "arrays.npz"
    path.write_bytes(write_arrays({**SMALL, **LARGE}))
    with path.open("rb") as file:
        content = mmap(file.fileno(), 0, access=ACCESS_READ)
        arrays = read_arrays(file, content)
    for name, array in {**SMALL, **LARGE}.items():
        assert np.array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype
    pages = np.frombuffer(content, np.uint8)
    for name in LARGE:
        assert np.shares_memory(arrays[name], pages)
        assert arrays[name].ctypes.data % array_file.ALIGNMENT == 0
    assert arrays["0.weights"].flags.f_contiguous
    with np.load(path) as theirs:
        assert np.array_equal(theirs["0.weights"], LARGE["0.weights"])


def test_compressed_files_are_refused() -> None:
    file = BytesIO()
    np.savez_compressed(file, **SMALL)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="compressed"):
        read_arrays(file, file.getvalue())
