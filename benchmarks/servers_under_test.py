"""The servers that benchmarks/serving.py compares: how each is set up, started and asked."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.load import post, run_load
from benchmarks.servers import MODEL
from components.deployers.seldon_local.environment import ROOT, ensure_environment
from serving.settings import ServerSettings, install_model, write_settings

ENVIRONMENTS = ROOT / ".venv-bench"
PREDICT = "/api/v1.0/predictions"
STARTING = 60.0
Faces = NDArray[np.float32]


@dataclass(frozen=True)
class ServerUnderTest:
    """A server: the command for a port, and a request with faces as JSON and as base64."""

    name: str
    command: Callable[[int, Path], list[str]]
    as_json: Callable[[Faces], bytes]
    as_base64: Callable[[Faces], bytes]


@dataclass
class Running:
    """A contender at work."""

    contender: ServerUnderTest
    port: int
    process: psutil.Process
    startup: float

    def cpu_seconds(self) -> float:
        """CPU time that the server and its children have taken."""
        return float(sum(sum(p.cpu_times()[:2]) for p in self.tree()))

    def memory(self) -> float:
        """MiB that are theirs alone, of the server and its children."""
        return float(sum(p.memory_full_info().uss for p in self.tree())) / 2**20

    def tree(self) -> list[psutil.Process]:
        """The server's processes."""
        return [self.process, *self.process.children(recursive=True)]


def servers_under_test() -> list[ServerUnderTest]:
    """Every server, ours first; each with one process that answers."""
    seldon = (_seldon_json, _seldon_base64)
    return [
        ServerUnderTest("ours", _ours(capture=True), *seldon),
        ServerUnderTest("ours, no capture", _ours(capture=False), *seldon),
        ServerUnderTest("seldon as shipped", _shipped, *seldon),
        ServerUnderTest("MLServer", _mlserver, _v2_json, _v2_base64),
        ServerUnderTest("BentoML", _bentoml, _bento_json, _bento_base64),
        ServerUnderTest("mlflow models serve", _mlflow, _mlflow_json, _mlflow_base64),
        ServerUnderTest("FastAPI + orjson", _fastapi, _fast_json, _fast_base64),
    ]


def set_up_environments() -> None:
    """Install what is pinned in requirements/bench-*.txt, each in an environment of its own."""
    ensure_environment()
    for pinned in sorted((ROOT / "requirements").glob("bench-*.txt")):
        folder = ENVIRONMENTS / pinned.stem.removeprefix("bench-")
        mark = folder / "ready"
        if mark.exists() and mark.stat().st_mtime > pinned.stat().st_mtime:
            continue
        print(f"setting up {folder.name} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode"]
        python = ["--python", str(folder / "bin" / "python")]
        subprocess.run(
            [*uv, *python, "--no-deps", "--require-hashes", "-r", str(pinned)], check=True
        )
        mark.touch()


@contextmanager
def started(contender: ServerUnderTest, folder: Path, faces: Faces) -> Iterator[Running]:
    """Start a contender and wait for its first answer; stop it at the end."""
    port = free_port()
    own = folder / contender.name.replace(" ", "-").replace(",", "")
    own.mkdir()
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        MODEL: str(folder / "model.npz"),
        "OPENBLAS_NUM_THREADS": "1",
        "BENTOML_DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "BENTOML_HOME": str(own),
    }
    command = contender.command(port, own)
    begin = time.perf_counter()
    with (own / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        request = contender.as_json(faces[:1])
        while not _answers(port, request):
            if process.poll() is not None or time.perf_counter() - begin > STARTING:
                last = (own / "log").read_text(errors="replace").splitlines()[-3:]
                raise SystemExit(f"{contender.name} did not start: {' / '.join(last)}")
            time.sleep(0.02)
        yield Running(contender, port, psutil.Process(process.pid), time.perf_counter() - begin)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int, request: bytes) -> bool:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)):
            return False
    return not run_load(port, [request], connections=1, count=1).failures


def _python(environment: str) -> str:
    return str(ENVIRONMENTS / environment / "bin" / "python")


def _ours(capture: bool) -> Callable[[int, Path], list[str]]:
    def command(port: int, folder: Path) -> list[str]:
        from faces.runtime.portable import file_hash

        data = (folder.parent / "model.npz").read_bytes()
        install_model(folder, "1", data, file_hash(data))
        write_settings(ServerSettings("bench", str(folder), port=port, capture=capture))
        return [str(ensure_environment()), "-m", "serving.server", str(folder)]

    return command


def _shipped(port: int, folder: Path) -> list[str]:
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
    where = ["--host", "127.0.0.1", "--port", str(port)]
    return [_python("bentoml"), "-m", "bentoml", *serve, *where]


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


def _numbers(faces: Faces) -> list[list[float]]:
    numbers: list[list[float]] = faces.round(6).astype(float).tolist()
    return numbers


def _text(faces: Faces) -> str:
    return b64encode((faces * 255).round().astype(np.uint8).tobytes()).decode()


def _request(path: str, message: object) -> bytes:
    return post(path, json.dumps(message).encode())


def _seldon_json(faces: Faces) -> bytes:
    return _request(PREDICT, {"data": {"ndarray": _numbers(faces)}})


def _seldon_base64(faces: Faces) -> bytes:
    return _request(PREDICT, {"binData": _text(faces)})


def _v2(given: dict[str, object]) -> bytes:
    return _request("/v2/models/faces/infer", {"inputs": [{"name": "faces", **given}]})


def _v2_json(faces: Faces) -> bytes:
    return _v2({"shape": list(faces.shape), "datatype": "FP32", "data": _numbers(faces)})


def _v2_base64(faces: Faces) -> bytes:
    return _v2({"shape": [1], "datatype": "BYTES", "data": [_text(faces)]})


def _bento_json(faces: Faces) -> bytes:
    return _request("/predict", {"ndarray": _numbers(faces)})


def _bento_base64(faces: Faces) -> bytes:
    return _request("/predict_bytes", {"data": _text(faces)})


def _mlflow_json(faces: Faces) -> bytes:
    return _request("/invocations", {"inputs": _numbers(faces)})


def _mlflow_base64(faces: Faces) -> bytes:
    return _request("/invocations", {"inputs": [_text(faces)]})


def _fast_json(faces: Faces) -> bytes:
    return _request("/predictions", {"data": {"ndarray": _numbers(faces)}})


def _fast_base64(faces: Faces) -> bytes:
    return _request("/predictions", {"binData": _text(faces)})
