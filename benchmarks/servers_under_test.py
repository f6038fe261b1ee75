"""The servers that benchmarks/serving.py compares: how each is installed, started and called."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks import payloads
from benchmarks.load import run_load
from benchmarks.payloads import Faces
from benchmarks.servers import MODEL
from components.deployers.seldon_local.environment import ROOT, ensure_environment
from components.deployers.settings import CaptureSettings, EndpointSettings, ServingSettings
from faces.runtime.portable import file_hash
from serving.settings import install_model, write_settings

ENVIRONMENTS = ROOT / ".venv-bench"
START_TIMEOUT_SECONDS, STOP_TIMEOUT_SECONDS = 60.0, 5.0
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class ServerUnderTest:
    """A server, and how to call it."""

    name: str
    command: Callable[[int, Path], list[str]]
    """Returns the command that serves on a port, with a folder for the server's files."""
    as_json: Callable[[Faces], bytes]
    as_base64: Callable[[Faces], bytes]
    environment: str = ""
    """Its packages: NAME of requirements/bench-NAME.txt; those of the project or ours if empty."""


@dataclass
class RunningServer:
    """A server under test that has answered its first request."""

    server: ServerUnderTest
    port: int
    process: psutil.Process
    startup_seconds: float

    def cpu_seconds(self) -> float:
        """Return the CPU time of the server and its children."""
        return float(sum(sum(p.cpu_times()[:2]) for p in self.processes()))

    def memory_mib(self) -> float:
        """Return the memory that the server and its children do not share with others."""
        return float(sum(p.memory_full_info().uss for p in self.processes())) / 2**20

    def processes(self) -> list[psutil.Process]:
        """Return the server's processes."""
        return [self.process, *self.process.children(recursive=True)]


def servers_under_test() -> list[ServerUnderTest]:
    """Return all servers, ours first; each answers with one process."""
    seldon = (payloads.seldon_json, payloads.seldon_base64)
    v2 = (payloads.v2_json, payloads.v2_base64)
    bentoml = (payloads.bentoml_json, payloads.bentoml_base64)
    mlflow = (payloads.mlflow_json, payloads.mlflow_base64)
    fastapi = (payloads.fastapi_json, payloads.fastapi_base64)
    return [
        our_server(),
        ServerUnderTest("ours, no capture", _ours(capture=False), *seldon),
        ServerUnderTest("ours, V2", _ours(), payloads.v2_json, payloads.v2_binary),
        ServerUnderTest("seldon as shipped", _seldon, *seldon, "seldon"),
        ServerUnderTest("MLServer", _mlserver, *v2, "mlserver"),
        ServerUnderTest("BentoML", _bentoml, *bentoml, "bentoml"),
        ServerUnderTest("mlflow models serve", _mlflow, *mlflow),
        ServerUnderTest("FastAPI + orjson", _fastapi, *fastapi, "fastapi"),
        ServerUnderTest("FastAPI + orjson, ONNX", _fastapi_onnx, *fastapi, "fastapi"),
    ]


def our_server(**capture: Any) -> ServerUnderTest:
    """Return our server.

    Args:
        **capture: Settings of captured requests that differ from their defaults.
    """
    return ServerUnderTest("ours", _ours(**capture), payloads.seldon_json, payloads.seldon_base64)


def set_up_environments(servers: Iterable[ServerUnderTest]) -> None:
    """Install the pinned packages of servers, each in a separate environment."""
    ensure_environment()
    for name in sorted({server.environment for server in servers} - {""}):
        pinned, folder = ROOT / "requirements" / f"bench-{name}.txt", ENVIRONMENTS / name
        marker = folder / "ready"
        if marker.exists() and marker.stat().st_mtime > pinned.stat().st_mtime:
            continue
        print(f"setting up {folder.name} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode"]
        python = ["--python", str(folder / "bin" / "python")]
        subprocess.run(
            [*uv, *python, "--no-deps", "--require-hashes", "-r", str(pinned)], check=True
        )
        marker.touch()


@contextmanager
def started(server: ServerUnderTest, folder: Path, faces: Faces) -> Iterator[RunningServer]:
    """Start a server, wait for its first answer, and stop it at the end.

    Args:
        server: The server.
        folder: Contains `model.npz`; the server's files are written to a folder in it.
        faces: Faces (n, 4096) to ask for.

    Yields:
        The running server.

    Raises:
        SystemExit: If it does not start.
    """
    port = free_port()
    own_folder = folder / server.name.replace(" ", "-").replace(",", "")
    own_folder.mkdir()
    command = server.command(port, own_folder)
    start = time.perf_counter()
    with (own_folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=_environment(folder, own_folder),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        request = server.as_json(faces[:1])
        while not _answers(port, request):
            if process.poll() is not None or time.perf_counter() - start > START_TIMEOUT_SECONDS:
                last = (own_folder / "log").read_text(errors="replace").splitlines()[-3:]
                raise SystemExit(f"{server.name} did not start: {' / '.join(last)}")
            time.sleep(POLL_SECONDS)
        seconds = time.perf_counter() - start
        yield RunningServer(server, port, psutil.Process(process.pid), seconds)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_TIMEOUT_SECONDS)
            os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(folder: Path, own_folder: Path) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        MODEL: str(folder / "model.npz"),
        "OPENBLAS_NUM_THREADS": "1",
        "BENTOML_DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "BENTOML_HOME": str(own_folder),
    }


def _answers(port: int, request: bytes) -> bool:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)):
            return False
    return not run_load(port, [request], connections=1, count=1).failures


def _python(environment: str) -> str:
    return str(ENVIRONMENTS / environment / "bin" / "python")


def _ours(**capture: Any) -> Callable[[int, Path], list[str]]:
    def command(port: int, folder: Path) -> list[str]:
        data = (folder.parent / "model.npz").read_bytes()
        install_model(folder, "1", data, file_hash(data))
        settings = ServingSettings(
            endpoint=EndpointSettings(port=port), capture=CaptureSettings(**capture)
        )
        write_settings(settings.for_server("faces", str(folder)))
        return [str(ensure_environment()), "-m", "serving.server", str(folder)]

    return command


def _seldon(port: int, folder: Path) -> list[str]:
    ports = ["--http-port", str(port), "--grpc-port", str(free_port())]
    model = "benchmarks.servers.seldon_shipped.Faces"
    program = str(ENVIRONMENTS / "seldon" / "bin" / "seldon-core-microservice")
    return [program, model, *ports, "--metrics-port", str(free_port())]


def _mlserver(port: int, folder: Path) -> list[str]:
    settings = {
        "host": "127.0.0.1", "http_port": port, "grpc_port": free_port(),
        "metrics_port": free_port(), "parallel_workers": 0, "debug": False,
    }  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings))
    model = {"name": "faces", "implementation": "benchmarks.servers.mlserver_faces.Faces"}
    (folder / "model-settings.json").write_text(json.dumps(model))
    return [str(ENVIRONMENTS / "mlserver" / "bin" / "mlserver"), "start", str(folder)]


def _bentoml(port: int, folder: Path) -> list[str]:
    serve = ["serve", "benchmarks.servers.bentoml_faces:Faces"]
    address = ["--host", "127.0.0.1", "--port", str(port)]
    return [_python("bentoml"), "-m", "bentoml", *serve, *address]


def _mlflow(port: int, folder: Path) -> list[str]:
    model = folder / "model"
    code = (
        "import mlflow; mlflow.pyfunc.save_model("
        f"{str(model)!r}, python_model='benchmarks/servers/mlflow_faces.py', pip_requirements=[])"
    )
    environment = os.environ | {MODEL: str(folder.parent / "model.npz"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "ignore", "-c", code]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    serve = ["models", "serve", "-m", str(model), "--env-manager", "local"]
    return [sys.executable, "-m", "mlflow", *serve, "--host", "127.0.0.1", "--port", str(port)]


def _fastapi(port: int, folder: Path) -> list[str]:
    app = "benchmarks.servers.fastapi_faces:app"
    return [_python("fastapi"), "-m", "uvicorn", app, "--port", str(port), "--no-access-log"]


def _fastapi_onnx(port: int, folder: Path) -> list[str]:
    return ["env", f"{MODEL}={folder.parent / 'model.onnx'}", *_fastapi(port, folder)]
