"""Tampered models, statements and pins that an endpoint with require_signature would serve.

    python -m benchmarks.tampering --attempts 1000 --seed 0    # seconds

A model is signed as after training and promotion. Each attempt changes one thing at random, and the
server's own function loads the result. The untampered model must load before and after.
"""

import argparse
import base64
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from faces.runtime.portable import PortableModel, file_hash, write_portable
from serving import attestation
from serving.loaded_model import load_model
from serving.settings import copy_model
from store.provenance import PINS, PROVENANCE, pins_hash
from store.signing import gate_statement, provenance_statement, public_key_of

VERSION = 3


@dataclass(frozen=True)
class Deployed:
    """What is in a server's folder: a model and the statements about it."""

    data: bytes
    hash: str
    statements: tuple[str, ...]
    version: int = VERSION
    pins: bytes = b""


class Attacker:
    """Changes one thing at a time.

    Args:
        seed: Seed of the random choices.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.key, self.other_key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        self.honest = self._sign(make_model(0), VERSION)
        self.other = self._sign(make_model(1), VERSION)
        self.earlier = self._sign(make_model(0), VERSION - 1)
        self.attempts: dict[str, Callable[[], Deployed]] = {
            "model: bytes changed": self.change_model,
            "model: replaced, with its hash": self.replace_model,
            "statement: a value changed": self.edit_statement,
            "statement: bytes changed": self.change_statement,
            "statement: signature changed": self.change_signature,
            "statement: signed with another key": self.sign_with_other_key,
            "statement: missing": self.drop_statement,
            "statement: of another model": self.take_other_statements,
            "statement: of another version": self.take_earlier_statements,
            "statement: an unsigned one added": self.add_statement,
            "gate: did not let it pass": self.fail_gate,
            "pins: bytes changed": self.change_pins,
        }

    def change_model(self) -> Deployed:
        """Flip a bit of the model."""
        return replace(self.honest, data=self._flip(self.honest.data))

    def replace_model(self) -> Deployed:
        """Serve another model under the same version."""
        return replace(self.other, statements=self.honest.statements)

    def edit_statement(self) -> Deployed:
        """Change a value of a signed statement, and keep the signature."""
        index = self.random.randrange(2)
        envelope = json.loads(self.honest.statements[index])
        statement = json.loads(base64.b64decode(envelope["payload"]))
        container, key = self.random.choice(list(_leaves(statement)))
        container[key] = f"{container[key]}{self.random.randrange(10)}"
        envelope["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
        return self._with(index, json.dumps(envelope))

    def change_statement(self) -> Deployed:
        """Flip a bit of an envelope's payload."""
        index = self.random.randrange(2)
        envelope = json.loads(self.honest.statements[index])
        payload = self._flip(base64.b64decode(envelope["payload"]))
        envelope["payload"] = base64.b64encode(payload).decode()
        return self._with(index, json.dumps(envelope))

    def change_signature(self) -> Deployed:
        """Flip a bit of a signature."""
        index = self.random.randrange(2)
        envelope = json.loads(self.honest.statements[index])
        signature = self._flip(base64.b64decode(envelope["signatures"][0]["sig"]))
        envelope["signatures"][0]["sig"] = base64.b64encode(signature).decode()
        return self._with(index, json.dumps(envelope))

    def sign_with_other_key(self) -> Deployed:
        """Sign another model with another key."""
        return self._sign(make_model(self.random.randrange(2, 100)), VERSION, self.other_key)

    def drop_statement(self) -> Deployed:
        """Leave out one of the statements, or both."""
        kept = self.random.choice([(), self.honest.statements[:1], self.honest.statements[1:]])
        return replace(self.honest, statements=kept)

    def take_other_statements(self) -> Deployed:
        """Use a valid statement about another model."""
        index = self.random.randrange(2)
        return self._with(index, self.other.statements[index])

    def take_earlier_statements(self) -> Deployed:
        """Use a valid gate decision about another version with the same bytes."""
        return self._with(1, self.earlier.statements[1])

    def add_statement(self) -> Deployed:
        """Add a statement that is not signed with the key."""
        forged = self._sign(make_model(0), VERSION, self.other_key).statements
        return replace(
            self.honest, statements=(*self.honest.statements, self.random.choice(forged))
        )

    def fail_gate(self) -> Deployed:
        """Sign a gate decision that did not let the model pass."""
        statement: dict[str, Any] = deepcopy(dict(gate_statement(self.honest.hash, VERSION, "")))
        statement["predicate"]["verificationResult"] = self.random.choice(["FAILED", "", None])
        return self._with(1, attestation.sign(statement, self.key))

    def change_pins(self) -> Deployed:
        """Flip a bit of the pinned packages."""
        return replace(self.honest, pins=self._flip(PINS.read_bytes()))

    def _flip(self, data: bytes) -> bytes:
        position, bit = self.random.randrange(len(data)), 1 << self.random.randrange(8)
        return data[:position] + bytes([data[position] ^ bit]) + data[position + 1 :]

    def _with(self, index: int, envelope: str) -> Deployed:
        statements = list(self.honest.statements)
        statements[index] = envelope
        return replace(self.honest, statements=tuple(statements))

    def _sign(self, data: bytes, version: int, key: Ed25519PrivateKey | None = None) -> Deployed:
        recorded = {
            "portable_hash": file_hash(data),
            "data_version": "c1d87ac550e4",
            "settings": {"model": "svm", "seed": 11},
            PROVENANCE: {"commit": "0" * 40, "code": "1" * 12, "pins": pins_hash(PINS)},
        }
        statements = (
            provenance_statement(recorded, "2026-11-26T00:00:00+00:00"),
            gate_statement(file_hash(data), version, "promoted: no worse than production"),
        )
        signed = tuple(attestation.sign(statement, key or self.key) for statement in statements)
        return Deployed(data, file_hash(data), signed, version)


def is_served(deployed: Deployed, public_key: str) -> bool:
    """Load a model as the server does, and compare the pins with the signed ones.

    Args:
        deployed: The model and its statements.
        public_key: The key that the endpoint requires.

    Returns:
        Whether it would be served.
    """
    with tempfile.TemporaryDirectory() as name:
        folder, pins = Path(name), Path(name) / "base.txt"
        pins.write_bytes(deployed.pins or PINS.read_bytes())
        current = copy_model(
            folder, str(VERSION), deployed.data, deployed.hash, "\n".join(deployed.statements)
        )
        try:
            load_model(folder, current, public_key)
            statements = attestation.verify_model(
                deployed.statements, public_key, str(VERSION), deployed.hash
            )
        except (ValueError, KeyError, TypeError):
            return False
        made = statements[attestation.PROVENANCE]["predicate"]["buildDefinition"]
        return bool(made["internalParameters"]["pins"] == pins_hash(pins))


def make_model(seed: int) -> bytes:
    """Return a small model's file.

    Args:
        seed: Another one makes another model.
    """
    random = np.random.default_rng(seed)
    weights = {
        "matrix": random.normal(size=(64, 3)).astype(np.float32),
        "offset": np.zeros(3, np.float32),
    }
    classes = np.array(["s01", "s02", "s03"])
    return write_portable(PortableModel([("affine", weights)], classes, {}))


def _leaves(node: Any) -> Any:
    """Yield each container with the key or index of a text in it."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from _leaves(value)
        elif isinstance(value, str):
            yield node, key


def run(attempts: int, seed: int) -> tuple[Counter[str], Counter[str]]:
    """Try to have tampered models served.

    Args:
        attempts: Number of attempts, in turn by kind.
        seed: Seed of the random choices.

    Returns:
        Number of attempts, and of those that were served, by kind.

    Raises:
        RuntimeError: If the untampered model is not served.
    """
    attacker = Attacker(seed)
    public_key = public_key_of(attacker.key)
    if not is_served(attacker.honest, public_key):
        raise RuntimeError("the untampered model is not served")
    made: Counter[str] = Counter()
    served: Counter[str] = Counter()
    for number in range(attempts):
        kind = list(attacker.attempts)[number % len(attacker.attempts)]
        made[kind] += 1
        served[kind] += is_served(attacker.attempts[kind](), public_key)
    if not is_served(attacker.honest, public_key):
        raise RuntimeError("the untampered model is not served any more")
    return made, served


def main() -> int:
    """Parse the command line, and print a table.

    Returns:
        1 if something tampered was served.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--attempts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    made, served = run(args.attempts, args.seed)
    print("| tampered | attempts | served |\n|---|---|---|")
    for kind, count in made.items():
        print(f"| {kind} | {count} | {served[kind]} |")
    print(f"| all | {made.total()} | {served.total()} |")
    return int(served.total() > 0)


if __name__ == "__main__":
    sys.exit(main())
