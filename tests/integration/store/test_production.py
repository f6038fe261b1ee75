"""There is one version in production, even if several runs promote at the same time."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.conftest import isolated_zenml


@pytest.fixture
def database(tmp_path: Path) -> Iterator[None]:
    from stacks.databases import create_zenml_database

    with isolated_zenml(tmp_path):
        create_zenml_database()
        yield


def create_versions(count: int) -> list[int]:
    from store.versions import create_version

    return [create_version([], {}, [], "").number for _ in range(count)]


def stages() -> dict[int, str | None]:
    from zenml.client import Client

    from faces import NAME

    return {v.number: v.stage for v in Client().list_model_versions(NAME).items}


@pytest.mark.usefixtures("database")
def test_of_two_promotions_at_the_same_time_one_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    from zenml.client import Client

    from store import versions

    create_versions(2)
    found = [versions.require_version(number) for number in (1, 2)]
    update, together = Client.update_model_version, Barrier(2)

    def slow_update(*args: object, **options: object) -> object:
        time.sleep(0.5)  # so that both have looked by then
        return update(*args, **options)  # type: ignore[arg-type]

    def promote(version: object) -> bool:
        together.wait()
        return versions.set_production_stage(version, instead_of=None)  # type: ignore[arg-type]

    monkeypatch.setattr(Client, "update_model_version", slow_update)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(promote, found))
    assert sorted(outcomes) == [False, True]
    assert sorted(filter(None, stages().values())) == ["production"]


@pytest.mark.usefixtures("database")
def test_of_two_versions_in_production_the_newest_stays() -> None:
    """Two machines may have promoted at the same time: the lock is that of one machine."""
    from sqlalchemy import text
    from zenml.client import Client

    from store.versions import production_version

    create_versions(3)
    with Client().zen_store.engine.begin() as connection:  # type: ignore[attr-defined]
        connection.execute(text("UPDATE model_version SET stage = 'production' WHERE number < 3"))
    version = production_version()
    assert version is not None
    assert version.number == 2
    assert {number: stage for number, stage in stages().items() if stage} == {
        1: "archived",
        2: "production",
    }
