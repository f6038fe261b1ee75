from pathlib import Path

import pytest

from store.erasure.register import (
    SECRET,
    drop_names,
    erased_people,
    finish_erasure,
    pending_erasure,
    record_found,
    request_erasure,
    subject_hash,
)


@pytest.fixture(autouse=True)
def no_register(zenml_home: Path) -> None:
    from zenml.client import Client

    from stacks.databases import create_zenml_database

    create_zenml_database()
    for secret in Client().list_secrets(name=SECRET).items:
        Client().delete_secret(secret.name)


def test_without_a_register_nobody_was_erased() -> None:
    assert not pending_erasure()
    assert erased_people(["ada", "bob"]) == frozenset()
    finish_erasure()


def test_names_are_kept_until_the_erasure_is_finished_and_hashes_afterwards() -> None:
    from zenml.client import Client

    request_erasure(people=["ada"])
    request_erasure(requests=["r1"], images=["0f"])
    assert pending_erasure().people == ("ada",)
    assert pending_erasure().requests == ("r1",)
    assert pending_erasure().removal.images == {"0f"}
    identifier = subject_hash("ada")
    assert drop_names().erased == (identifier, "r1")
    assert pending_erasure(), "freed pages still have the name"
    finish_erasure()
    assert not pending_erasure()
    assert "ada" not in str(Client().get_secret(SECRET).secret_values)
    assert erased_people(["ada", "bob"]) == {"ada"}
    request_erasure(people=["bob"])
    assert subject_hash("ada") == identifier, "the key stays"
    assert erased_people(["ada", "bob"]) == {"ada", "bob"}


def test_what_a_killed_run_found_counts() -> None:
    request_erasure(people=["ada"])
    record_found([2], ["d1"], {"artifacts": 7})
    pending = record_found([1], ["d1"], {"artifacts": 3, "model versions": 2})
    assert pending.versions == (2, 1)
    assert pending.data_versions == ("d1",)
    assert pending.removed == {"artifacts": 7, "model versions": 2}
