import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from components import sqlite
from components.sqlite import complete_creation, is_complete, overwrite_freed_pages


def create(database: Path, table: str) -> None:
    sqlite3.connect(database).execute(f"create table {table} (x)").connection.close()


def tables(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [name for (name,) in connection.execute("select name from sqlite_master")]


def journal_mode(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


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
        assert tables(database) == []
        assert backup.exists()
        create(database, "complete")
    assert is_complete(address)
    with complete_creation(address):
        assert tables(database) == ["complete"]


def test_new_and_old_databases_have_a_write_ahead_log(tmp_path: Path) -> None:
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    create(old, "people")
    assert journal_mode(old) == "delete"
    for database in (new, old):
        with complete_creation(f"sqlite:///{database}"):
            create(database, "faces")
        assert journal_mode(database) == "wal"
    assert tables(old) == ["people", "faces"]


def test_a_database_in_use_keeps_its_journal(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    create(database, "people")
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with complete_creation(f"sqlite:///{database}"):
            assert tables(database) == ["people"]
        writer.rollback()
    assert journal_mode(database) == "delete"


def test_a_log_that_another_process_reads_is_not_said_to_be_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0.05)
    database = tmp_path / "x.db"
    with complete_creation(f"sqlite:///{database}"):
        create(database, "people")
    with closing(sqlite3.connect(database)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM people").fetchone()
        with pytest.raises(sqlite3.OperationalError, match="in use"):
            overwrite_freed_pages(f"sqlite:///{database}", delete="INSERT INTO people VALUES (1)")


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


def test_nothing_is_left_of_deleted_rows(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    writer = sqlite3.connect(database)
    for statement in (
        "PRAGMA secure_delete = OFF",
        "PRAGMA journal_mode = WAL",
        "CREATE TABLE people (name TEXT)",
        "INSERT INTO people VALUES ('wilhelmina')",
        "DELETE FROM people",
    ):
        writer.execute(statement)
    writer.commit()
    assert any(b"wilhelmina" in file.read_bytes() for file in tmp_path.iterdir())
    overwrite_freed_pages(f"sqlite:///{database}")
    assert not any(b"wilhelmina" in file.read_bytes() for file in tmp_path.iterdir())
    with writer:
        writer.execute("INSERT INTO people VALUES ('theodora')")
    overwrite_freed_pages(f"sqlite:///{database}", delete="DELETE FROM people")
    assert not any(b"theodora" in file.read_bytes() for file in tmp_path.iterdir())
    writer.close()


def test_databases_elsewhere_are_left_to_their_operators(tmp_path: Path) -> None:
    overwrite_freed_pages("mysql://server/zenml")
    overwrite_freed_pages(f"sqlite:///{tmp_path / 'missing.db'}")
    assert list(tmp_path.iterdir()) == []
