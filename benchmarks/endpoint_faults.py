"""Kill the endpoint, fill its disk, set its clock, and send it malformed requests.

    python -m benchmarks.endpoint_faults --kills 20 --full-disks 5 --clock-steps 5 --fuzzed 2000

Counted are answered requests that were not captured, and fuzzed requests that are answered with a
5xx, are not answered, or leave a byte of their content in the log. Full disks need root: the
captured requests are on a small temporary file system. The clock is that of Python's `time` in the
server's processes, not the machine's.
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from rich.progress import track

from benchmarks.malformed_requests import TIMEOUT_SECONDS, fuzz
from benchmarks.serving import write_model
from components.deployers.seldon_local import process
from components.deployers.settings import ServingSettings
from faces.client import PREDICT
from faces.drift.captured_requests import read_captured_requests
from faces.runtime.portable import file_hash
from serving.capture.reader import read_files
from serving.capture.retention import closed_files
from serving.settings import ServerSettings, atomic_write, install_model, write_settings

CLIENTS = 4
LOAD_SECONDS = 0.3
DISK_MIB = 2
FACE = json.dumps({"data": {"ndarray": [[0.5] * 4096]}}).encode()
STEPPED_CLOCK = Path(__file__).with_name("stepped_clock")


def main() -> None:
    """Cause all faults, and print one line for each kind."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--full-disks", type=int, default=20)
    parser.add_argument("--clock-steps", type=int, default=20)
    parser.add_argument("--fuzzed", type=int, default=20_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        model = Path(name) / "model.npz"
        write_model(model)
        print(kill(Path(name), model, args.kills), flush=True)
        print(fill_disks(Path(name), model, args.full_disks), flush=True)
        print(step_clock(Path(name), model, args.clock_steps), flush=True)
        print(fuzz(serve(Path(name) / "fuzzed", model), args.fuzzed))


def serve(folder: Path, model: Path, **values: object) -> ServerSettings:
    """Write a server's settings, and install the model as version 1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = ServingSettings().for_server("faces", str(folder))
    settings = replace(settings, port=port, **values)  # type: ignore[arg-type]
    write_settings(settings)
    data = model.read_bytes()
    install_model(folder, "1", data, file_hash(data))
    process.start(settings, None)
    return settings


class Clients:
    """Clients that send faces until they are stopped; they remember what was answered."""

    def __init__(self, settings: ServerSettings) -> None:
        self.answered: set[str] = set()
        self.codes: Counter[int] = Counter()
        self._settings, self._stopped = settings, threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait for the last answers."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _run(self, client: int) -> None:
        prefix, number = f"{time.monotonic_ns()}-{client}", 0
        while not self._stopped.is_set():
            host, port = self._settings.host, self._settings.port
            connection = HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
            with suppress(OSError, HTTPException):
                while not self._stopped.is_set():
                    number += 1
                    request = f"{prefix}-{number}"
                    body = FACE[:-1] + f', "meta": {{"puid": "{request}"}}}}'.encode()
                    headers = {"Content-Type": "application/json"}
                    connection.request("POST", PREDICT, body, headers)
                    response = connection.getresponse()
                    response.read()
                    self.codes[response.status] += 1
                    if response.status == 200:
                        self.answered.add(request)
            connection.close()
            time.sleep(0.01)


def missing(settings: ServerSettings, answered: set[str]) -> int:
    """Return how many of the answered requests were not captured."""
    captured = read_captured_requests(read_files([str(settings.capture_folder)]))
    return len(answered - set(captured.table["request"]))


def kill(folder: Path, model: Path, times: int) -> str:
    """Kill all processes of the server under load, and start it again."""
    settings = serve(folder / "killed", model, rotate_seconds=0.5)
    answered: set[str] = set()
    for _ in track(range(times), "killing the server"):
        clients = Clients(settings)
        time.sleep(LOAD_SECONDS)
        server = process.running(Path(settings.folder))
        assert server is not None
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(TIMEOUT_SECONDS)
        clients.stop()
        answered |= clients.answered
        process.resume(settings, None)
    process.stop(Path(settings.folder))
    lost = missing(settings, answered)
    return f"{times} kills: {len(answered)} requests answered, {lost} of them not captured"


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a small temporary file system."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs"]
    subprocess.run(["mount", *options, str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill_disks(folder: Path, model: Path, times: int) -> str:
    """Fill the disk of captured requests under load, and make room again."""
    if os.geteuid():
        return "full disks: skipped, since mounting a small file system needs root"
    codes: Counter[int] = Counter()
    answered: set[str] = set()
    lost = 0
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(folder / "disk"))
        settings = serve(folder / "full", model, capture_uri=str(disk), rotate_seconds=1)
        stack.callback(process.stop, Path(settings.folder))
        for _ in track(range(times), "filling the disk"):
            ballast = disk / "ballast"
            clients = Clients(settings)
            time.sleep(LOAD_SECONDS)
            with suppress(OSError):
                ballast.write_bytes(bytes(DISK_MIB * 2**20))
            time.sleep(LOAD_SECONDS)
            ballast.unlink()
            time.sleep(LOAD_SECONDS)
            clients.stop()
            codes += clients.codes
            answered |= clients.answered
            lost += missing(settings, clients.answered)
            for file in closed_files(disk):
                file.unlink()
    return (
        f"{times} full disks: {len(answered)} requests answered, {lost} of them not captured; "
        f"{codes[503]} answered with 503, {sum(codes.values()) - codes[200] - codes[503]} otherwise"
    )


def step_clock(folder: Path, model: Path, times: int) -> str:
    """Set the server's clock forward and back by up to 400 days under load."""
    steps = folder / "steps"
    steps.write_text("0")
    with changed_environment(PYTHONPATH=str(STEPPED_CLOCK), STEPPED_CLOCK=str(steps)):
        settings = serve(folder / "stepped", model, rotate_seconds=0.5)
    rng, clients = random.Random(7), Clients(settings)
    for _ in track(range(times), "setting the clock"):
        time.sleep(2 * LOAD_SECONDS)
        atomic_write(steps, str(rng.uniform(-400, 400) * 86_400).encode())
    time.sleep(2 * LOAD_SECONDS)
    clients.stop()
    process.stop(Path(settings.folder))
    lost = missing(settings, clients.answered)
    return (
        f"{times} steps of the clock: {len(clients.answered)} requests answered, {lost} of them "
        f"not captured; {sum(clients.codes.values()) - clients.codes[200]} answered otherwise"
    )


@contextmanager
def changed_environment(**variables: str) -> Iterator[None]:
    """Set variables for the processes that are started meanwhile."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    main()
