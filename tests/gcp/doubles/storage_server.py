"""The emulator of Cloud Storage, whose callers need the permissions that infra/gcp grants."""

import sys
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from gcp_storage_emulator import server
from gcp_storage_emulator.__main__ import get_server
from gcp_storage_emulator.handlers import buckets, objects

from tests.gcp.doubles.grants import DEVELOPER, Grant
from tests.gcp.doubles.handler import Refused
from tests.gcp.doubles.identity import Identities
from tests.gcp.doubles.process import LOOPBACK

PERMISSIONS = {
    objects.ls: "list", objects.get: "get", objects.download: "get", objects.insert: "create",
    objects.delete: "delete", objects.patch: "update",
}  # fmt: skip
OPEN = {buckets.insert, objects.upload_partial, server._health_check}
"""Creating buckets, which Terraform does, and the parts of an upload that was allowed to start."""

READS_CAPTURED = Grant(DEVELOPER, "roles/storage.objectUser", "google_storage_bucket.captured")
"""What a user who looks at captured requests needs in addition: infra/gcp/README.md."""

Handle = Callable[[Any, Any, Any], None]


def guarded(identities: Identities, handler: Handle) -> Handle:
    """Return a handler that refuses callers without a permission."""

    def handle(request: Any, response: Any, storage: Any) -> None:
        try:
            check(identities, handler, request, storage)
        except Refused as refused:
            code, message = refused.args
            response.status = HTTPStatus(code)
            return response.json({"error": {"code": code, "message": message}})
        handler(request, response, storage)

    return handle


def check(identities: Identities, handler: Handle, request: Any, storage: Any) -> None:
    """Raise Refused if the caller lacks the permission for a request."""
    if handler in OPEN:
        return
    caller = identities.caller(request.get_header("Authorization"))
    bucket = (request.params or {}).get("bucket_name", "")
    if handler not in PERMISSIONS:
        raise Refused(403, f"{handler.__name__} is for administrators")
    if bucket not in storage.buckets:
        return
    name = object_name(request)
    resource = f"google_storage_bucket.{bucket.removeprefix('faces-')}"
    verb = PERMISSIONS[handler]
    identities.require(caller, f"storage.objects.{verb}", resource, name)
    only_new = request.query.get("ifGenerationMatch") == ["0"]
    if verb == "create" and not only_new and name in storage.objects.get(bucket, {}):
        identities.require(caller, "storage.objects.delete", resource, name)


def object_name(request: Any) -> str:
    """Return the object's name, from the path, the query or the metadata; empty for a list."""
    if "object_id" in request.params:
        return str(request.params["object_id"])
    if "name" in request.query:
        return str(request.query["name"][0])
    data = request.data if isinstance(request.data, dict) else {}
    return str(data.get("meta", data).get("name", ""))


if __name__ == "__main__":
    known = Identities(Path(sys.argv[2]))
    known.granted.add(READS_CAPTURED)
    server.HANDLERS = tuple(
        (path, {method: guarded(known, handler) for method, handler in handlers.items()})
        for path, handlers in server.HANDLERS
    )
    get_server(LOOPBACK, int(sys.argv[1]), memory=True).run()
