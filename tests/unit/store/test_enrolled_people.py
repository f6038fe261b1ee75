"""Faces of people who were enrolled in the app are deleted with everything else of them."""

from pathlib import Path

import pytest

from store import enrolled_people
from store.enrolled_people import delete_enrolled, enrolment_folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    class Configuration:
        config_directory = str(tmp_path)

    monkeypatch.setattr(enrolled_people, "GlobalConfiguration", Configuration)
    return enrolment_folder()


def test_only_the_named_people_are_deleted(folder: Path) -> None:
    for name in ("ada", "theodora"):
        (folder / name).mkdir(parents=True)
        for number in range(3):
            (folder / name / f"{number}.png").write_bytes(b"a face")
    assert delete_enrolled(["ada", "../theodora", "nobody"]) == 3
    assert [person.name for person in folder.iterdir()] == ["theodora"]
    assert len(list((folder / "theodora").iterdir())) == 3


def test_nobody_was_enrolled_in_the_app(folder: Path) -> None:
    assert delete_enrolled(["ada"]) == 0
    assert not folder.exists()
