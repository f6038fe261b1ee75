"""The parts of Google's client libraries that the deployer uses, for one service in memory."""

import sys
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

SERVICE = "projects/p/locations/l/services/face-recognizer"


class GoogleAPICallError(Exception):
    code = 0

    def __init__(self, message: str = "no reason") -> None:
        super().__init__(message)
        self.message = message


class RetryError(GoogleAPICallError):
    def __init__(self, cause: Exception | None) -> None:
        super().__init__("the time is over")
        self.cause = cause


class ServerError(GoogleAPICallError):
    code = 500


def error(
    code: int, base: type[GoogleAPICallError] = GoogleAPICallError
) -> type[GoogleAPICallError]:
    return type(f"Error{code}", (base,), {"code": code})


ERRORS = {
    "BadRequest": error(400), "Unauthorized": error(401), "Forbidden": error(403),
    "NotFound": error(404), "Conflict": error(409), "TooManyRequests": error(429),
    "ServerError": ServerError, "ServiceUnavailable": error(503, ServerError),
    "RetryError": RetryError, "GoogleAPICallError": GoogleAPICallError,
}  # fmt: skip


@dataclass
class Retry:
    """Sends a request twice at most."""

    predicate: Any
    initial: float
    maximum: float
    timeout: float

    def send(self, effect: Any) -> Any:
        for _ in range(2):
            try:
                return effect()
            except Exception as error:
                if not self.predicate(error):
                    raise
                cause = error
        raise RetryError(cause)


class Message(dict[str, Any]):
    @classmethod
    def to_dict(cls, message: Any, use_integers_for_enums: bool = True) -> dict[str, Any]:
        assert not use_integers_for_enums
        return dict(message)


class Google:
    """One service, its revisions and its secrets.

    Attributes:
        failures: What the next requests raise; the request has no effect, unless `lost` is set.
        requests: The names of the methods that were called.
    """

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.lost = False
        self.requests: list[str] = []
        self.retries: list[Any] = []
        self.service: dict[str, Any] = {"etag": "1", "traffic": [], "scaling": {"scaling_mode": 1}}
        self.secrets: dict[str, list[bytes]] = {"projects/p/secrets/s": []}

    def _call(self, method: str, effect: Any, retry: Any, timeout: float) -> Any:
        self.retries.append((retry, timeout))

        def attempt() -> Any:
            self.requests.append(method)
            failure = self.failures.pop(0) if self.failures else None
            result = effect() if failure is None or self.lost else None
            self.lost = False
            if failure:
                raise failure
            return result

        return retry.send(attempt)

    def __getattr__(self, method: str) -> Any:
        effect = getattr(type(self), f"on_{method}")

        def call(retry: Any, timeout: float, **request: Any) -> Any:
            return self._call(method, lambda: effect(self, **request), retry, timeout)

        return call

    def on_get_service(self, name: str) -> Message:
        assert name == SERVICE
        return Message(self.service)

    def on_list_revisions(self, parent: str) -> list[Message]:
        assert parent == SERVICE
        return [Message(name="a"), Message(name="b")]

    def on_get_revision(self, name: str) -> Message:
        return Message(name=name)

    def on_update_service(self, request: Any) -> None:
        changes = dict(request.service)
        assert changes.pop("name") == SERVICE
        if changes.pop("etag") != self.service["etag"]:
            raise ERRORS["Conflict"]
        assert request.update_mask == {"paths": list(changes)}
        self.service |= {**changes, "etag": self.service["etag"] + "'"}

    def on_access_secret_version(self, name: str) -> Any:
        secret, _, version = name.partition("/versions/")
        assert version == "latest"
        if not self.secrets[secret]:
            raise ERRORS["NotFound"]
        number = len(self.secrets[secret])
        payload = SimpleNamespace(data=self.secrets[secret][-1])
        return SimpleNamespace(name=f"{secret}/versions/{number}", payload=payload)

    def on_add_secret_version(self, parent: str, payload: Any) -> Any:
        self.secrets[parent].append(payload["data"])
        return SimpleNamespace(name=f"{parent}/versions/{len(self.secrets[parent])}")

    def client(self, transport: str) -> "Google":
        assert transport == "rest"
        return self

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the modules in place of Google's."""
        run = {name: self.client for name in ("ServicesClient", "RevisionsClient")}
        secrets = {"SecretManagerServiceClient": self.client}
        predicate = {"if_exception_type": lambda *types: lambda e: isinstance(e, types)}
        modules: dict[str, dict[str, Any]] = {
            "google.api_core.exceptions": ERRORS,
            "google.api_core.retry": {"Retry": Retry, **predicate},
            "google.cloud.run_v2": {**run, "UpdateServiceRequest": SimpleNamespace},
            "google.cloud.secretmanager_v1": secrets,
        }
        for name, members in modules.items():
            parent, _, child = name.rpartition(".")
            package = sys.modules.get(parent) or ModuleType(parent)
            module = ModuleType(name)
            vars(module).update(members)
            monkeypatch.setitem(sys.modules, parent, package)
            monkeypatch.setitem(sys.modules, name, module)
            monkeypatch.setattr(package, child, module, raising=False)
