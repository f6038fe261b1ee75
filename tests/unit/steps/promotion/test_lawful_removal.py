from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from faces.evaluation.promotion_gate import VersionFacts, check_identities
from steps.promotion import gate_evidence

VERSIONS: dict[int, list[str]] = {1: ["ada", "bob"], 2: ["bob"]}


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> dict[int, VersionFacts]:
    def load(version: Any, name: str) -> Any:
        return SimpleNamespace(classes=np.array(VERSIONS[version.number]))

    monkeypatch.setattr(gate_evidence, "load_artifact", load)
    monkeypatch.setattr(gate_evidence, "has_remote_artifacts", lambda version: False)
    versions = {n: SimpleNamespace(number=n, run_metadata={}) for n in VERSIONS}
    return {
        n: gate_evidence.describe_version(cast(Any, version)) for n, version in versions.items()
    }


def test_people_who_were_forgotten_do_not_count_as_lost(
    facts: dict[int, VersionFacts], monkeypatch: pytest.MonkeyPatch
) -> None:
    erased: set[str] = set()
    monkeypatch.setattr(gate_evidence, "erased_people", lambda names: frozenset(names) & erased)
    decision = check_identities(facts[2], facts[1])
    assert decision is not None
    assert "does not know 1 people" in decision.reason
    erased.add("ada")
    assert check_identities(facts[2], facts[1]) is None, "other rules decide"
