import sqlite3
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(zenml_home: Path) -> None:
    """The module under test imports ZenML."""


def test_what_an_interrupted_creation_left_is_dropped(tmp_path: Path) -> None:
    from stacks.databases import _complete, _whole

    database = tmp_path / "x.db"
    address = f"sqlite:///{database}"

    def interrupted() -> None:
        with _whole(address):
            sqlite3.connect(database).execute("create table half (x)").connection.close()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not _complete(address)
    backup = tmp_path / "x.db.backup"
    backup.touch()
    with _whole(address):
        assert not database.exists()
        assert backup.exists()
        sqlite3.connect(database).execute("create table whole (x)").connection.close()
    assert _complete(address)
    with _whole(address):
        assert database.exists()


def test_a_database_on_a_server_is_left_alone() -> None:
    from stacks.databases import _whole

    entered = []
    for address in ("https://zenml.example", "mysql://db/zenml"):
        with _whole(address):
            entered.append(address)
    assert len(entered) == 2
    assert not list(Path.cwd().glob("*.unfinished"))
