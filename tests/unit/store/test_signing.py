from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from components.deployers.settings import EndpointSettings, ServingSettings
from faces.errors import UserError
from serving.attestation import VERIFICATION, verify_model
from store import signing
from store.signing import KEY, SECRET, STATEMENTS, public_key_of, sign_version

RECORDED = {"portable_hash": "ab" * 32, "data_version": "c1d8", "settings": {"seed": 1}}


class FakeStore:
    """Secrets, and what is logged as metadata of one version."""

    def __init__(self, secrets: dict[str, dict[str, str]]) -> None:
        self.secrets, self.metadata, self.writes = secrets, dict[str, Any](RECORDED), 0

    def get_secret(self, name: str, allow_partial_name_match: bool) -> Any:
        return SimpleNamespace(secret_values=self.secrets[name])

    def log(self, metadata: dict[str, Any], model_version_id: str) -> None:
        self.metadata |= metadata
        self.writes += 1

    @property
    def version(self) -> Any:
        created = datetime(2026, 11, 26, tzinfo=UTC)
        return SimpleNamespace(run_metadata=self.metadata, number=3, id="id", created=created)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    fake = FakeStore({})
    monkeypatch.setattr(signing, "Client", lambda: fake)
    monkeypatch.setattr(signing, "log_metadata", fake.log)
    return fake


def pem(key: Any) -> str:
    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text.decode()


def test_a_version_is_signed_once_with_each_key(store: FakeStore) -> None:
    key = Ed25519PrivateKey.generate()
    store.secrets = {SECRET: {KEY: pem(key)}}
    sign_version(store.version, "promoted", "ada")
    lines = store.metadata[STATEMENTS].splitlines()
    statements = verify_model(lines, public_key_of(key), "3", RECORDED["portable_hash"])  # type: ignore[arg-type]
    assert statements[VERIFICATION]["predicate"]["approvedBy"] == "ada"
    sign_version(store.version, "promoted again")
    assert store.writes == 1
    store.secrets = {SECRET: {KEY: pem(Ed25519PrivateKey.generate())}}
    sign_version(store.version, "promoted")
    assert store.writes == 2


def test_without_a_key_nothing_is_signed_and_signatures_cannot_be_required(
    store: FakeStore,
) -> None:
    sign_version(store.version, "promoted")
    assert store.writes == 0
    serving = ServingSettings(endpoint=EndpointSettings(require_signature=True))
    with pytest.raises(UserError, match="there is no signing key: zenml secret create signing"):
        serving.for_server("faces", "/data")


def test_the_server_gets_the_public_key(store: FakeStore) -> None:
    key = Ed25519PrivateKey.generate()
    store.secrets = {SECRET: {KEY: pem(key)}}
    serving = ServingSettings(endpoint=EndpointSettings(require_signature=True))
    assert serving.for_server("faces", "/data").public_key == public_key_of(key)
    assert ServingSettings().for_server("faces", "/data").public_key == ""


@pytest.mark.parametrize("text", ["", "no key", pem(generate_private_key(SECP256R1()))])
def test_an_unusable_key_is_reported(store: FakeStore, text: str) -> None:
    store.secrets = {SECRET: {KEY: text}}
    with pytest.raises(UserError, match="no Ed25519 key in PEM format: zenml secret create"):
        sign_version(store.version, "promoted")
