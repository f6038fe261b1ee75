"""What a version was made with, and how that differs from now."""

import subprocess
from pathlib import Path

import pytest

from store import provenance
from store.provenance import differences


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    command = ["git", *identity, *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_commit_is_recorded_and_whether_files_were_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert provenance._commit() == "unknown", "there is no repository"
    git(tmp_path, "init", "--quiet")
    (tmp_path / "code.py").write_text("x = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "notes.txt").touch()
    assert provenance._commit() == commit
    (tmp_path / "code.py").write_text("x = 2\n")
    assert provenance._commit() == f"{commit} and changes"


def test_a_container_has_neither_commit_nor_pins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    monkeypatch.setattr(provenance, "PINS", tmp_path / "requirements" / "base.txt")
    found = provenance.provenance()
    assert (found["commit"], found["pins"]) == ("unknown", "unknown")
    assert found["code"] != "unknown"


def test_only_what_differs_is_listed() -> None:
    recorded = {"python": "3.11.7", "numpy": "2.4.6"}
    assert differences(recorded, recorded) == {}
    assert differences(recorded, {"python": "3.12.1", "numpy": "2.4.6"}) == {
        "python": "3.11.7, now 3.12.1"
    }
    assert differences({}, {"numpy": "2.4.6"}) == {"numpy": "not recorded, now 2.4.6"}
