"""SQLite databases: complete creation, few waits for the disk, and nothing left of deleted rows.

Neither ZenML nor MLflow can repair a database whose creation was interrupted. So a marker file
stands beside the database until it is complete; if the marker is found, the incomplete database,
which cannot hold anything yet, is deleted and created again. Callers hold a lock meanwhile.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

SQLITE = "sqlite:///"

BUSY_TIMEOUT_SECONDS = 30.0
"""How long to wait for other connections to finish their transactions."""


@contextmanager
def complete_creation(address: str) -> Iterator[None]:
    """Run the body, which creates the database at `address` if it does not exist.

    If the body raises, the database counts as incomplete.

    Args:
        address: A database URL. Only SQLite files (sqlite:///…) are handled; for any other
            database the body simply runs.
    """
    if not address.startswith(SQLITE):
        yield
        return
    database, marker = _files(address)
    if not is_complete(address):
        database.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
        for ending in ("", "-journal", "-wal", "-shm"):
            database.with_name(database.name + ending).unlink(missing_ok=True)
    _use_write_ahead_log(database)
    yield
    marker.unlink(missing_ok=True)


def is_complete(address: str) -> bool:
    """Return whether a SQLite database exists and was created completely.

    Args:
        address: The URL of a SQLite file: sqlite:///….
    """
    database, marker = _files(address)
    return database.exists() and not marker.exists()


def overwrite_freed_pages(address: str, delete: str = "") -> None:
    """Rebuild a database, so that nothing is left of deleted rows: not in freed pages, not in logs.

    Args:
        address: A database URL. Only SQLite files (sqlite:///…) are rebuilt; on a database server
            this is up to its operator.
        delete: A statement that deletes more rows before; "" for none.

    Raises:
        sqlite3.OperationalError: If another process reads the database for longer than
            `BUSY_TIMEOUT_SECONDS`.
    """
    if not address.startswith(SQLITE) or not is_complete(address):
        return
    database, _ = _files(address)
    with closing(sqlite3.connect(database, timeout=BUSY_TIMEOUT_SECONDS)) as connection:
        if delete:
            with connection:
                connection.execute(delete)
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("VACUUM")
        is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise sqlite3.OperationalError(f"{database} is in use: its log cannot be emptied")


def _use_write_ahead_log(database: Path) -> None:
    """Switch a database to a write-ahead log, for good, unless it is in use.

    With SQLite's default journal, a run waits for the disk a thousand times. A killed process
    loses nothing either way: https://sqlite.org/wal.html
    """
    with (
        closing(sqlite3.connect(database, timeout=0)) as connection,
        suppress(sqlite3.OperationalError),
    ):
        connection.execute("PRAGMA journal_mode = WAL")


def _files(address: str) -> tuple[Path, Path]:
    database = Path(address.removeprefix(SQLITE))
    return database, database.with_name(f"{database.name}.unfinished")
