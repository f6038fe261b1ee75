from types import SimpleNamespace
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from faces.data.dataset import Faces
from faces.evaluation import witness
from store import witnesses


def test_the_witness_of_many_people_knows_those_it_is_asked_about(
    monkeypatch: pytest.MonkeyPatch, drawn: Faces
) -> None:
    artifacts = {"faces": drawn, "split": SimpleNamespace(train=np.arange(0, len(drawn), 2))}
    monkeypatch.setattr(witnesses, "load_artifact", lambda _, name: artifacts[name])
    monkeypatch.setattr(witnesses, "require_version", lambda number: number)
    trained: list[list[str]] = []
    monkeypatch.setattr(witnesses, "Witness", lambda faces: trained.append(faces.identities))
    version: Any = SimpleNamespace(id=UUID(int=1), number=1)
    asked = drawn.labels[[0, 90]]
    witnesses.load_witness(version, asked)
    monkeypatch.setattr(witness, "MAX_IMAGES", 16)
    for _ in range(2):
        witnesses.load_witness(version, asked)
    everybody, few = trained
    assert everybody == drawn.identities
    assert set(asked) < set(few)
    assert len(few) == 4
