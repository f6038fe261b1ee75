"""Files of captured requests: what was appended is there, whether it is in the buffer or not."""

import os
from pathlib import Path

import numpy as np
import pytest

from serving.capture.append_file import BUFFER_BYTES, LARGE_BYTES, AppendFile


def test_everything_that_was_appended_is_in_the_file_once(tmp_path: Path) -> None:
    path, expected, rng = tmp_path / "file", list[bytes](), np.random.default_rng(0)
    file = AppendFile(path)
    for size in rng.choice([100, 4_400, LARGE_BYTES, BUFFER_BYTES, 400_000], 60):
        if rng.random() < 0.3:
            file.flush()
        data = rng.bytes(int(size) - int(rng.integers(50)))
        file.append(data)
        expected.append(data)
        content = path.read_bytes()
        assert [content.count(part) for part in expected] == [1] * len(expected)
        assert not content[file.buffered : BUFFER_BYTES].strip(b"\0"), "nothing was left behind"
    assert file.size == sum(map(len, expected))
    file.close()
    content = path.read_bytes()
    assert [content.count(part) for part in expected] == [1] * len(expected)


def test_a_small_file_is_not_larger_than_its_content(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "file")
    file.append(b"small")
    file.close()
    assert (tmp_path / "file").read_bytes() == b"small"


def test_a_file_for_whose_buffer_the_disk_has_no_space_is_not_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: write(file, data[:1000], at))
    opened = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="disk full"):
        AppendFile(tmp_path / "file")
    assert not (tmp_path / "file").exists()
    assert len(os.listdir("/proc/self/fd")) == opened


def test_what_cannot_be_moved_to_a_full_disk_stays_in_the_buffer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write = tmp_path / "file", os.pwrite
    file = AppendFile(path)
    file.append(b"a" * 50_000)
    file.flush()
    for letter in (b"b", b"c"):
        file.append(letter * 50_000)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda file, data, at: write(file, data[:60_000], at))
        with pytest.raises(OSError, match="disk full"):
            file.append(b"d" * 50_000)
    file.close()
    content = path.read_bytes()
    assert content.strip(b"\0") == b"b" * 50_000 + b"c" * 50_000 + content[100_000:]
    assert content[BUFFER_BYTES:] == b"a" * 50_000, "the incomplete copy was cut off"
