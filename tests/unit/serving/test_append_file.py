"""Files of captured requests: what was appended is there, whatever space was reserved ahead."""

import os
from pathlib import Path

import numpy as np
import pytest

from serving.capture.append_file import LARGE_BYTES, RESERVED_BYTES, AppendFile


def test_small_and_large_records_follow_each_other_without_gaps(tmp_path: Path) -> None:
    path, expected = tmp_path / "file", b""
    file, rng = AppendFile(path), np.random.default_rng(0)
    for size in rng.choice([100, 4_400, LARGE_BYTES, RESERVED_BYTES, 400_000], 60):
        if rng.random() < 0.3:
            file.reserve()
        data = rng.bytes(int(size) - int(rng.integers(50)))
        file.append(data)
        expected += data
        content = path.read_bytes()
        assert content[: file.size] == expected
        assert not content[file.size :].strip(b"\0"), "only zeros after the last record"
    file.close()
    assert path.read_bytes() == expected


def test_a_small_record_is_written_into_reserved_space_and_a_large_one_needs_none(
    tmp_path: Path,
) -> None:
    path = tmp_path / "file"
    file = AppendFile(path)
    file.append(bytes(LARGE_BYTES))
    assert path.stat().st_size == file.size
    file.append(b"small")
    assert path.stat().st_size == LARGE_BYTES + RESERVED_BYTES


def test_a_record_is_written_if_it_fits_where_reserved_space_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk with 1,000 free bytes."""
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda f, data, at: write(f, data[: max(0, 1000 - at)], at))
    path = tmp_path / "file"
    file = AppendFile(path)
    file.append(b"a" * 900)
    with pytest.raises(OSError, match="disk full"):
        file.append(b"b" * 101)
    file.append(b"c" * 100)
    file.close()
    assert path.read_bytes() == b"a" * 900 + b"c" * 100
