"""Sign what is known about a version: its provenance, and that the promotion gate let it pass."""

import base64
from typing import TYPE_CHECKING, Any

from zenml import log_metadata
from zenml.client import Client
from zenml.models import ModelVersionResponse

from faces import NAME
from faces.errors import UserError
from serving import attestation
from serving.attestation import Statement
from store.provenance import PROVENANCE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET, KEY = "signing", "private_key"
CREATE = f'zenml secret create {SECRET} --{KEY}="$(openssl genpkey -algorithm ed25519)"'
STATEMENTS = "statements"
"""Metadata of a version: signed statements about it, one per line."""

GATE = f"{NAME}/promotion-gate"


def sign_version(version: ModelVersionResponse, reason: str, approved_by: str = "") -> None:
    """Sign what a version was made from, and that it passed the gate, if there is a key.

    Statements that are signed with the present key stay as they are.

    Args:
        version: A version that passed the gate.
        reason: The gate's reason, without names of people.
        approved_by: Who approved it; "" if nobody had to.

    Raises:
        UserError: If the secret has no usable key.
    """
    key = signing_key()
    recorded: dict[str, Any] = dict(version.run_metadata)
    if key is None or _is_signed(recorded, version.number, public_key_of(key)):
        return
    statements = (
        provenance_statement(recorded, version.created.isoformat()),
        gate_statement(recorded["portable_hash"], version.number, reason, approved_by),
    )
    lines = "\n".join(attestation.sign(statement, key) for statement in statements)
    log_metadata(metadata={STATEMENTS: lines}, model_version_id=version.id)


def _is_signed(recorded: dict[str, Any], number: int, public_key: str) -> bool:
    try:
        lines = str(recorded.get(STATEMENTS, "")).splitlines()
        attestation.verify_model(lines, public_key, str(number), recorded["portable_hash"])
    except attestation.UntrustedModelError:
        return False
    return True


def provenance_statement(recorded: dict[str, Any], finished: str) -> Statement:
    """Describe what a version was made from, as SLSA provenance.

    Args:
        recorded: The version's metadata.
        finished: When it was registered, ISO 8601.

    Returns:
        The in-toto statement.
    """
    made = recorded.get(PROVENANCE, {})
    dependencies = [
        {"name": "faces", "digest": {"faces": recorded["data_version"]}},
        {"name": "commit", "digest": {"gitCommit": made.get("commit", "unknown")}},
        {"name": "code that training imports", "digest": {"code": made.get("code", "unknown")}},
        {"name": "requirements/base.txt", "digest": {"pins": made.get("pins", "unknown")}},
    ]
    return {
        "_type": attestation.STATEMENT,
        "subject": [{"name": f"{NAME}.npz", "digest": {"sha256": recorded["portable_hash"]}}],
        "predicateType": attestation.PROVENANCE,
        "predicate": {
            "buildDefinition": {
                "buildType": f"{NAME}/training/v1",
                "externalParameters": recorded["settings"],
                "internalParameters": made,
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": {"id": f"{NAME}/training"},
                "metadata": {"finishedOn": finished},
            },
        },
    }


def gate_statement(model_hash: str, number: int, reason: str, approved_by: str = "") -> Statement:
    """Describe that the promotion gate let a version pass, as a SLSA verification summary.

    Args:
        model_hash: SHA-256 of the model's bytes.
        number: The version's number.
        reason: The gate's reason.
        approved_by: Who approved it; "" if nobody had to.

    Returns:
        The in-toto statement.
    """
    return {
        "_type": attestation.STATEMENT,
        "subject": [{"name": f"{NAME}.npz", "digest": {"sha256": model_hash}}],
        "predicateType": attestation.VERIFICATION,
        "predicate": {
            "verifier": {"id": GATE},
            "resourceUri": attestation.resource(number),
            "policy": {"uri": GATE},
            "verificationResult": attestation.PASSED,
            "reason": reason,
            "approvedBy": approved_by,
        },
    }


def signing_key() -> "Ed25519PrivateKey | None":
    """Return the private key in ZenML's secret store; None if there is none.

    Raises:
        UserError: If the secret has no usable key.
    """
    try:
        secret = Client().get_secret(SECRET, allow_partial_name_match=False)
    except KeyError:
        return None
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(secret.secret_values[KEY].encode(), None)
    except (KeyError, ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(f"secret '{SECRET}': '{KEY}' is no Ed25519 key in PEM format: {CREATE}")
    return key


def require_public_key() -> str:
    """Return the public key that belongs to the private one: 32 bytes in base64.

    Raises:
        UserError: If there is no private key.
    """
    key = signing_key()
    if key is None:
        raise UserError(f"endpoint.require_signature: there is no signing key: {CREATE}")
    return public_key_of(key)


def public_key_of(key: "Ed25519PrivateKey") -> str:
    """Return a public key as endpoints take it: 32 bytes in base64.

    Args:
        key: The private key.
    """
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()
