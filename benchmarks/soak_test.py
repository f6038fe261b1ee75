"""Soak test of the endpoint: swap versions under load, then keep a constant load for minutes.

    python -m benchmarks.soak_test                # 20 swaps, then 10 users for 5 minutes
    python -m benchmarks.soak_test --seconds 30

    python -m benchmarks.soak_test --seconds 3600 --max-capture-bytes 1000000000

Requests are captured, as in a deployment; above the limit, the oldest files of captured requests
are deleted. Memory is the sum of the server processes' unique set sizes (USS).
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.load import Load, run_load
from benchmarks.servers_under_test import RunningServer, our_server, started
from benchmarks.serving import write_model
from components.deployers.settings import CaptureSettings
from faces.runtime.portable import file_hash
from serving.capture.files import capture_files
from serving.settings import install_model

SWAP_SECONDS = 0.5
"""Time between two swaps."""


def main() -> None:
    """Run both loads and print how many requests failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--swaps", type=int, default=20, help="of the model's version")
    parser.add_argument("--clients", type=int, default=8, help="connections during the swaps")
    parser.add_argument("--users", type=int, default=10, help="connections after the swaps")
    parser.add_argument("--seconds", type=float, default=300.0, help="duration after the swaps")
    parser.add_argument(
        "--max-capture-bytes", type=int, default=CaptureSettings().max_capture_bytes
    )
    args = parser.parse_args()
    console = Console(highlight=False)
    ours = our_server(max_capture_bytes=args.max_capture_bytes)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        faces = write_model(folder / "model.npz")
        requests = [ours.as_json(face[None]) for face in faces[:32]]
        with started(ours, folder, faces) as server:
            load = swap_under_load(server, folder, requests, args.clients, args.swaps)
            report(console, f"{args.swaps} swaps under {args.clients} clients", load)
            captured = folder / ours.name
            load, memory, sizes = soak(server, captured, requests, args.users, args.seconds)
            report(console, f"{args.users} users for {args.seconds:.0f} s", load)
            console.print("memory, MiB: " + ", ".join(f"{mib:.0f}" for mib in memory))
            console.print("captured requests, GB: " + ", ".join(f"{gb:.2f}" for gb in sizes))
            deleted = (captured / "log").read_text().count("deleted ")
            console.print(f"{deleted} files of captured requests were deleted, says the log")


class BackgroundLoad(threading.Thread):
    """A load that runs in a separate thread."""

    def __init__(
        self, server: RunningServer, requests: list[bytes], connections: int, seconds: float
    ) -> None:
        super().__init__()
        self.port, self.requests = server.port, requests
        self.connections, self.seconds = connections, seconds
        self.load = Load()
        self.start()

    def run(self) -> None:
        """Send requests until the time has elapsed."""
        self.load = run_load(
            self.port, self.requests, connections=self.connections, seconds=self.seconds
        )

    def result(self) -> Load:
        """Wait for the end, and return the result."""
        self.join()
        return self.load


def swap_under_load(
    server: RunningServer, folder: Path, requests: list[bytes], connections: int, swaps: int
) -> Load:
    """Install the same model under one version after another while clients send requests."""
    background = BackgroundLoad(server, requests, connections, SWAP_SECONDS * (swaps + 1))
    data = (folder / "model.npz").read_bytes()
    for version in track(range(2, swaps + 2), "swapping versions under load"):
        install_model(folder / server.server.name, str(version), data, file_hash(data))
        time.sleep(SWAP_SECONDS)
    return background.result()


def soak(
    server: RunningServer, folder: Path, requests: list[bytes], users: int, seconds: float
) -> tuple[Load, list[float], list[float]]:
    """Keep a constant load.

    Returns its result; and the memory in MiB and the size of captured requests in GB, at its start
    and after each tenth.
    """
    memory, sizes = [server.memory_mib()], [captured_gb(folder)]
    background = BackgroundLoad(server, requests, users, seconds)
    for _ in track(range(10), f"{users} users"):
        time.sleep(seconds / 10)
        memory.append(server.memory_mib())
        sizes.append(captured_gb(folder))
    return background.result(), memory, sizes


def captured_gb(folder: Path) -> float:
    """Return the size of a server's captured requests."""
    return sum(file.stat().st_size for file in capture_files(folder / "captured")) / 1e9


def report(console: Console, title: str, load: Load) -> None:
    """Print one line of figures, and the first failures."""
    console.print(
        f"{title}: {len(load.seconds)} requests answered, {len(load.failures)} failed, "
        f"p50 {load.percentile(50):.1f} ms, p99 {load.percentile(99):.1f} ms"
    )
    for failure in load.failures[:3]:
        console.print(f"  {failure}")


if __name__ == "__main__":
    main()
