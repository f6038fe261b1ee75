"""Signed statements about a model: in-toto statements in DSSE envelopes, signed with Ed25519.

A model is trusted if two statements about its bytes are signed: SLSA provenance (what it was made
from), and a verification summary (the promotion gate let it pass, as which version).
"""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.settings import statements_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
VERIFICATION = "https://slsa.dev/verification_summary/v1"
PASSED = "PASSED"

Statement = Mapping[str, Any]


class UntrustedModelError(ValueError):
    """A model without the signatures that this server requires."""


def sign(statement: Statement, key: "Ed25519PrivateKey") -> str:
    """Sign a statement.

    Args:
        statement: An in-toto statement.
        key: The private key.

    Returns:
        The DSSE envelope, as one line of JSON.
    """
    payload = json.dumps(statement, sort_keys=True).encode()
    signature = key.sign(_encode(payload))
    envelope = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"sig": base64.b64encode(signature).decode()}],
    }
    return json.dumps(envelope, sort_keys=True)


def verify(envelope: str, public_key: str) -> Statement:
    """Check an envelope's signature.

    Args:
        envelope: The DSSE envelope.
        public_key: The public key: 32 bytes in base64.

    Returns:
        The statement in it.

    Raises:
        UntrustedModelError: If it is malformed, or not signed with this key.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        content = json.loads(envelope)
        payload = base64.b64decode(content["payload"], validate=True)
        (signature,) = content["signatures"]
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature["sig"], validate=True), _encode(payload))
        if content["payloadType"] != PAYLOAD_TYPE:
            raise UntrustedModelError("a statement is of another type")
        statement: Statement = json.loads(payload)
    except InvalidSignature:
        raise UntrustedModelError("a statement is not signed with the endpoint's key") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UntrustedModelError(f"a statement is malformed: {error}") from error
    return statement


def verify_model(
    envelopes: Sequence[str], public_key: str, version: str, model_hash: str
) -> dict[str, Statement]:
    """Check the statements about a model.

    Args:
        envelopes: DSSE envelopes.
        public_key: The public key: 32 bytes in base64.
        version: The model's version.
        model_hash: SHA-256 of its bytes.

    Returns:
        The statements by type of predicate.

    Raises:
        UntrustedModelError: If a statement is missing, not signed, about other bytes or another
            version, or if the gate did not let the model pass.
    """
    statements = [verify(envelope, public_key) for envelope in envelopes]
    by_type = {statement.get("predicateType"): statement for statement in statements}
    for kind, what in ((PROVENANCE, "provenance"), (VERIFICATION, "gate decision")):
        statement = by_type.get(kind)
        if statement is None or statement.get("_type") != STATEMENT:
            raise UntrustedModelError(f"version {version} has no signed {what}")
        subjects = [subject["digest"]["sha256"] for subject in statement["subject"]]
        if subjects != [model_hash]:
            raise UntrustedModelError(f"the signed {what} is about another model")
    summary = by_type[VERIFICATION]["predicate"]
    if summary["verificationResult"] != PASSED or summary["resourceUri"] != resource(version):
        raise UntrustedModelError(f"the signed gate decision is not about version {version}")
    return {str(kind): statement for kind, statement in by_type.items()}


def require_trusted(model: Path, public_key: str, version: str, model_hash: str) -> None:
    """Check the statements next to a model's file.

    Args:
        model: The model's file.
        public_key: The public key; "" requires nothing.
        version: The model's version.
        model_hash: SHA-256 of its bytes.

    Raises:
        UntrustedModelError: See `verify_model`.
    """
    if not public_key:
        return
    try:
        envelopes = statements_file(model).read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        raise UntrustedModelError(f"version {version} is not signed: training signs it") from None
    verify_model(envelopes, public_key, version, model_hash)


def resource(version: str | int) -> str:
    """Return what a gate decision is about.

    Args:
        version: Number of a version.
    """
    return f"face-recognizer/versions/{version}"


def _encode(payload: bytes) -> bytes:
    """Return what DSSE signs: its pre-authentication encoding of type and payload."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
