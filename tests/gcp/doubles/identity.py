"""Service accounts with signed tokens, and the permissions that infra/gcp grants them.

The fakes ask for the caller and a permission at each request, so a test fails if a role that a
request needs is removed from the Terraform files.
"""

import json
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from google.auth import crypt, jwt

from tests.gcp.doubles.grants import grants, may_deploy
from tests.gcp.doubles.handler import Refused
from tests.infra.access import INFRA

PROJECT = "faces-project"
UNIVERSE = "gcp.localhost"
"""In another universe than Google's, a service account's key signs its own tokens."""

JOBS = ("customJobs", "pipelineJobs", "schedules")
OBJECTS = {f"storage.objects.{verb}" for verb in ("create", "delete", "get", "list", "update")}
ROLES = {
    "roles/aiplatform.user": {
        f"aiplatform.{kind}.{verb}" for kind in JOBS for verb in ("create", "get", "list", "delete")
    },
    "roles/iam.serviceAccountUser": {"iam.serviceAccounts.actAs"},
    "roles/run.developer": {"run.services.get", "run.services.update", "run.revisions.get"},
    "roles/secretmanager.secretAccessor": {"secretmanager.versions.access"},
    "roles/secretmanager.secretVersionAdder": {"secretmanager.versions.add"},
    "roles/storage.objectAdmin": OBJECTS,
    "roles/storage.objectCreator": {"storage.objects.create"},
    "roles/storage.objectUser": OBJECTS,
    "roles/storage.objectViewer": {"storage.objects.get", "storage.objects.list"},
}
"""Permissions of Google's roles, as far as a fake asks for them."""


def email(identity: str) -> str:
    return f"faces-{identity}@{PROJECT}.iam.gserviceaccount.com"


class Identities:
    """Service accounts, whose private keys are files of a folder."""

    def __init__(self, folder: Path, infra: Path = INFRA) -> None:
        self.folder, self.infra = folder, infra
        self.granted = grants(infra)
        self.public: dict[str, bytes] = {}

    def create(self, identity: str) -> Path:
        """Create a service account if there is none; returns the file with its private key."""
        file = self.folder / f"{identity}.json"
        if file.exists():
            return file
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        content = {
            "type": "service_account", "project_id": PROJECT, "private_key_id": "0",
            "private_key": pem, "client_email": email(identity), "client_id": "0",
            "token_uri": f"https://{UNIVERSE}/token", "universe_domain": UNIVERSE,
        }  # fmt: skip
        file.write_text(json.dumps(content))
        return file

    def token(self, identity: str) -> str:
        """Return a token of an hour, as a connector lends it."""
        signer = crypt.RSASigner.from_service_account_file(str(self.create(identity)))
        now = int(time.time())
        claims = {"iss": email(identity), "iat": now, "exp": now + 3600}
        return str(jwt.encode(signer, claims).decode())

    def caller(self, authorization: str | None) -> str:
        """Return the identity that signed a token; raises Refused if it is not known."""
        token = (authorization or "").removeprefix("Bearer ")
        try:
            issuer = str(jwt.decode(token, verify=False)["iss"])
            identity = issuer.partition("@")[0].removeprefix("faces-")
            jwt.decode(token, certs={"0": self._public_key(identity)})
        except (ValueError, KeyError, OSError):
            raise Refused(401, "no valid token") from None
        return identity

    def _public_key(self, identity: str) -> bytes:
        if identity not in self.public:
            content = json.loads((self.folder / f"{identity}.json").read_text())
            key = load_pem_private_key(content["private_key"].encode(), None).public_key()
            pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            self.public[identity] = pem
        return self.public[identity]

    def require(self, identity: str, permission: str, resource: str = "", name: str = "") -> None:
        """Raise Refused unless a role on the project or the resource has the permission.

        The name is that of an object in a bucket, for conditions.
        """
        for grant in self.granted:
            found = grant.identity == identity and grant.resource in ("", resource)
            if found and permission in ROLES.get(grant.role, ()) and grant.holds_for(name):
                return
        raise Refused(403, f"{email(identity)} lacks {permission} on {resource or PROJECT} {name}")

    def require_act_as(self, identity: str, account: str) -> None:
        """Raise Refused unless an identity may use the service account with this e-mail."""
        name = account.partition("@")[0].removeprefix("faces-")
        self.require(identity, "iam.serviceAccounts.actAs", f"google_service_account.{name}")

    def require_in_cluster(self, caller: str, verb: str, kind: str, name: str | None) -> None:
        """Raise Refused unless the cluster's role allows a request; see `OneToken`."""
        if not may_deploy(self.infra, caller, verb, kind, name):
            raise Refused(403, f"{email(caller)} may not {verb} {kind}")
