"""The server, the runtime and the client need few packages, and little of this repository."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from components.deployers.seldon_local.environment import ROOT, ensure_environment
from serving.settings import write_settings
from store.code_hash import source_files
from tests.integration.serving.conftest import InstallVersion, server_settings

FIRST_PARTY = {"cli", "components", "faces", "pipelines", "serving", "stacks", "steps", "store"}
REQUESTS = {"requests", "urllib3", "idna", "charset_normalizer", "chardet", "certifi"}


def run(python: str | Path, code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(python), "-c", code], cwd=ROOT, capture_output=True, text=True)


def imported_modules(python: str | Path, code: str) -> set[str]:
    """Run code in a fresh interpreter; return the modules of this repository that it imported."""
    report = f"import sys; print(*[m for m in sys.modules if m.split('.')[0] in {FIRST_PARTY}])"
    result = run(python, f"{code}\n{report}")
    assert result.returncode == 0, result.stderr
    return set(result.stdout.splitlines()[-1].split())


def allow_only(packages: set[str]) -> str:
    """Code that makes the import of any other third-party package fail."""
    return f"""
import sys

class AllowOnly:
    def find_spec(self, name, path=None, target=None):
        package = name.split(".")[0]
        if package not in {packages | {"faces"}} | sys.stdlib_module_names:
            raise ModuleNotFoundError(f"{{package}} is not allowed")

sys.meta_path.insert(0, AllowOnly())
"""


@pytest.fixture
def build_server(tmp_path: Path, install_version: InstallVersion) -> str:
    """Code that imports all that a server imports."""
    write_settings(server_settings(tmp_path))
    install_version(tmp_path, 1)
    return f"""
from pathlib import Path
from serving.server import build
from serving.settings import read_settings
build(read_settings(Path({str(tmp_path)!r})), None)
"""


def test_the_server_imports_only_serving_and_the_runtime(build_server: str) -> None:
    code = f"{build_server}\nimport serving.container\nfrom serving.capture import reader"
    modules = imported_modules(ensure_environment(), code)
    assert {"serving.worker", "serving.model", "faces.runtime.lbp"} <= modules
    allowed = re.compile(r"faces|faces\.runtime(\..*)?|serving(\..*)?")
    assert not [module for module in modules if not allowed.fullmatch(module)]


def test_the_restart_hash_covers_exactly_what_the_server_imports(build_server: str) -> None:
    hashed = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in source_files("serving.server")
    }
    assert imported_modules(ensure_environment(), build_server) == hashed


def test_the_alert_forwarder_imports_the_standard_library_alone() -> None:
    code = allow_only({"serving"}) + "import serving.alert_forwarder"
    assert imported_modules(sys.executable, code) == {
        "serving",
        *(f"serving.{name}" for name in (
            "alert_forwarder", "alert_message", "google_notification", "http_body", "http_head",
        )),
    }  # fmt: skip


def test_the_runtime_imports_numpy_alone() -> None:
    code = (
        "from faces.runtime import capture_format, image, lbp, mlflow_loader, operators, portable"
    )
    modules = imported_modules(sys.executable, allow_only({"numpy"}) + code)
    files = {path.stem for path in (ROOT / "faces" / "runtime").glob("*.py")} - {"__init__"}
    assert modules == {"faces", "faces.runtime", *(f"faces.runtime.{name}" for name in files)}


def test_the_client_imports_numpy_and_requests_alone() -> None:
    modules = imported_modules(
        sys.executable, allow_only({"numpy"} | REQUESTS) + "import faces.client"
    )
    assert modules == {"faces", "faces.client", "faces.errors"}
    result = run(sys.executable, allow_only({"numpy"}) + "import faces.client")
    assert "requests is not allowed" in result.stderr
