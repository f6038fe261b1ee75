"""Does the endpoint lose a request? Versions change under load; then users stay for minutes.

    python -m benchmarks.soak_test                # 20 swaps, then 10 users for 5 minutes
    python -m benchmarks.soak_test --seconds 30

With capture, as it is deployed. Memory is what the server's processes have for themselves.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.load import Load, run_load
from benchmarks.servers_under_test import Running, servers_under_test, started
from benchmarks.serving import write_model
from faces.runtime.portable import file_hash, read_portable, stamped, write_portable
from serving.settings import install_model


def main() -> None:
    """Swap, stay, and print what failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--swaps", type=int, default=20)
    parser.add_argument("--clients", type=int, default=8, help="while versions change")
    parser.add_argument("--users", type=int, default=10, help="who stay")
    parser.add_argument("--seconds", type=float, default=300.0, help="for which they stay")
    args = parser.parse_args()
    console = Console(highlight=False)
    ours = servers_under_test()[0]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        faces = write_model(folder / "model.npz")
        requests = [ours.as_json(face[None]) for face in faces[:32]]
        with started(ours, folder, faces) as server:
            seconds = 0.5 * (args.swaps + 1)
            load = loaded(server, requests, args.clients, seconds)
            for version in track(range(2, args.swaps + 2), "changing versions under load"):
                swap(folder, version)
                time.sleep(0.5)
            tell(console, f"{args.swaps} swaps under {args.clients} clients", finish(load))
            before = server.memory()
            load = loaded(server, requests, args.users, args.seconds)
            levels = [before]
            for _ in track(range(10), f"{args.users} users"):
                time.sleep(args.seconds / 10)
                levels.append(server.memory())
            stayed = finish(load)
            tell(console, f"{args.users} users for {args.seconds:.0f} s", stayed)
            console.print("memory, MiB: " + ", ".join(f"{level:.0f}" for level in levels))


class Clients(threading.Thread):
    """A load that runs beside."""

    def __init__(self, port: int, requests: list[bytes], count: int, seconds: float) -> None:
        super().__init__()
        self.port, self.requests, self.count, self.seconds = port, requests, count, seconds
        self.load = Load()

    def run(self) -> None:
        """Send until time is up."""
        self.load = run_load(self.port, self.requests, connections=self.count, seconds=self.seconds)


def loaded(server: Running, requests: list[bytes], count: int, seconds: float) -> Clients:
    """Let clients begin."""
    clients = Clients(server.port, requests, count, seconds)
    clients.start()
    return clients


def finish(clients: Clients) -> Load:
    """Wait until they are done."""
    clients.join()
    return clients.load


def swap(folder: Path, version: int) -> None:
    """Let the server turn to another version of the same model."""
    data = (folder / "model.npz").read_bytes()
    data_again = write_portable(stamped(read_portable(data, file_hash(data)), version))
    install_model(folder / "ours", str(version), data_again, file_hash(data_again))


def tell(console: Console, what: str, load: Load) -> None:
    """One line: requests, failures, latency."""
    console.print(
        f"{what}: {len(load.seconds)} requests answered, {len(load.failures)} failed, "
        f"p50 {load.percentile(50):.1f} ms, p99 {load.percentile(99):.1f} ms"
    )
    for failure in load.failures[:3]:
        console.print(f"  {failure}")


if __name__ == "__main__":
    main()
