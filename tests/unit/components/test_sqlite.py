import sqlite3
from pathlib import Path

import pytest

from components.sqlite import complete_creation, is_complete


def create(database: Path, table: str) -> None:
    sqlite3.connect(database).execute(f"create table {table} (x)").connection.close()


def test_an_interrupted_creation_is_repeated_from_scratch(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    address = f"sqlite:///{database}"

    def interrupted() -> None:
        with complete_creation(address):
            create(database, "incomplete")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not is_complete(address)
    backup = tmp_path / "x.db.backup"
    backup.touch()
    with complete_creation(address):
        assert not database.exists()
        assert backup.exists()
        create(database, "complete")
    assert is_complete(address)
    with complete_creation(address):
        assert database.exists()


def test_a_database_on_a_server_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    entered = []
    for address in ("https://zenml.example", "mysql://db/zenml"):
        with complete_creation(address):
            entered.append(address)
    assert len(entered) == 2
    assert list(tmp_path.rglob("*")) == []
