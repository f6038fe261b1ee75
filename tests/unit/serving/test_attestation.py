import json
from pathlib import Path

import pytest

from benchmarks.tampering import VERSION, Attacker, make_model, run
from faces.runtime.portable import file_hash
from serving.attestation import PROVENANCE, UntrustedModelError, verify, verify_model
from serving.hot_reload import ModelFollower
from serving.settings import install_model, statements_file
from store.signing import public_key_of


@pytest.fixture(scope="module")
def attacker() -> Attacker:
    return Attacker(seed=0)


def test_nothing_tampered_is_served(attacker: Attacker) -> None:
    made, served = run(3 * len(attacker.attempts), seed=1)
    assert set(made.values()) == {3}
    assert served.total() == 0


def test_a_signed_statement_says_what_the_model_was_made_from(attacker: Attacker) -> None:
    honest = attacker.honest
    key = public_key_of(attacker.key)
    statements = verify_model(honest.statements, key, str(VERSION), honest.hash)
    build = statements[PROVENANCE]["predicate"]["buildDefinition"]
    assert build["externalParameters"] == {"model": "svm", "seed": 11}
    assert [d["name"] for d in build["resolvedDependencies"]][:2] == ["faces", "commit"]


@pytest.mark.parametrize(
    ("envelope", "message"),
    [
        ("", "malformed"),
        ("[]", "malformed"),
        ("{}", "malformed"),
        ('{"payload": "e30=", "signatures": []}', "malformed"),
        ('{"payload": "e30=", "signatures": [{"sig": "AA=="}]}', "not signed with the endpoint's"),
    ],
)
def test_malformed_envelopes_are_refused(attacker: Attacker, envelope: str, message: str) -> None:
    with pytest.raises(UntrustedModelError, match=message):
        verify(envelope, public_key_of(attacker.key))


def test_the_type_of_the_payload_is_signed(attacker: Attacker) -> None:
    envelope = json.loads(attacker.honest.statements[0])
    envelope["payloadType"] = "text/plain"
    with pytest.raises(UntrustedModelError, match="of another type"):
        verify(json.dumps(envelope), public_key_of(attacker.key))


def test_a_server_keeps_the_signed_model_and_refuses_others(
    attacker: Attacker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.hot_reload.POLL_SECONDS", 0.0)
    honest, other = attacker.honest, make_model(1)
    install_model(tmp_path, str(VERSION), honest.data, honest.hash, "\n".join(honest.statements))
    follower = ModelFollower(tmp_path, public_key_of(attacker.key))
    assert follower.get().version == str(VERSION)
    install_model(tmp_path, "4", other, file_hash(other))
    assert follower.get().version == str(VERSION)
    assert follower.refusal == "version 4 is not signed: training signs it"
    without_key = ModelFollower(tmp_path)
    assert without_key.get().version == "4"
    install_model(tmp_path, str(VERSION), honest.data, honest.hash)
    assert len(list(tmp_path.glob("models/*.jsonl"))) == 1
    assert follower.get().version == str(VERSION)
    assert follower.refusal is None


def test_statements_are_next_to_the_model() -> None:
    assert statements_file(Path("models/3-abc.npz")) == Path("models/3-abc.jsonl")
