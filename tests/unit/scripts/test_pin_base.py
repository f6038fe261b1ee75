import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from components.deployers.container_images import DOCKERFILES
from faces.errors import OperationError, UserError
from scripts import pin_base
from store.code_hash import ROOT

DIGEST = f"sha256:{'5a' * 32}"
MANIFEST = "/v2/library/python/manifests/3.11-slim-bookworm"
TOKEN = "/token?service=registry&scope=repository%3Alibrary%2Fpython%3Apull"


class Registry(BaseHTTPRequestHandler):
    """It asks for a token, as Docker's does."""

    def do_HEAD(self) -> None:
        if self.path != MANIFEST:
            return self._respond(404, {})
        if self.headers["Authorization"] != "Bearer secret":
            realm = f"http://127.0.0.1:{self.server.server_port}/token"  # type: ignore[attr-defined]
            scope = 'service="registry",scope="repository:library/python:pull"'
            return self._respond(401, {"WWW-Authenticate": f'Bearer realm="{realm}",{scope}'})
        assert "oci.image.index" in self.headers["Accept"]
        self._respond(200, {"Docker-Content-Digest": DIGEST})

    def do_GET(self) -> None:
        assert self.path == TOKEN
        self._respond(200, {}, json.dumps({"token": "secret"}).encode())

    def _respond(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for header in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def dockerfiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """Copies of the Dockerfiles, and a registry."""
    for name in DOCKERFILES.values():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text((ROOT / name).read_text())
    with HTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        hosts = {"docker.io": f"http://127.0.0.1:{server.server_port}"}
        monkeypatch.setattr(pin_base, "ROOT", tmp_path)
        monkeypatch.setattr(pin_base, "HOSTS", hosts)
        yield [tmp_path / name for name in DOCKERFILES.values()]
        server.shutdown()


def test_the_digest_of_the_registry_is_written_behind_the_tag(dockerfiles: list[Path]) -> None:
    pinned = f"ARG BASE=docker.io/library/python:3.11-slim-bookworm@{DIGEST}"
    for _ in range(2):
        pin_base.main()
        for file in dockerfiles:
            assert [line for line in file.read_text().splitlines() if "BASE=" in line] == [pinned]


def test_an_image_that_the_registry_does_not_know_is_an_error(dockerfiles: list[Path]) -> None:
    before = dockerfiles[0].read_text().replace("3.11-slim", "3.99-slim")
    dockerfiles[0].write_text(before)
    with pytest.raises(OperationError, match=r"library/python:3.99-slim-bookworm is unknown: 404"):
        pin_base.main()
    assert dockerfiles[0].read_text() == before


def test_a_base_without_a_tag_is_an_error(dockerfiles: list[Path]) -> None:
    dockerfiles[0].write_text("ARG BASE=python\nFROM ${BASE}\n")
    with pytest.raises(UserError, match=r"no line ARG BASE=REGISTRY/REPOSITORY:TAG"):
        pin_base.main()
