"""Metrics that several workers share, each in separate files of one folder.

prometheus_client keeps the files of workers that have ended, and describes no metric. Here the
counts of a worker that ended are added to one file, and descriptions are those of the metrics.
"""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

ENDED = "ended"
"""Takes the place of the process id in the name of the file with all counts of ended workers."""


class SharedCollector:
    """Collects the metrics of all workers.

    Args:
        folder: The folder with their files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Any]:
        """Return the metrics. See prometheus_client."""
        documentation = {metric.name: metric.documentation for metric in REGISTRY.collect()}
        with _locked(self._folder, fcntl.LOCK_SH):
            metrics = list(MultiProcessCollector(None, str(self._folder)).collect())
        for metric in metrics:
            metric.documentation = documentation.get(metric.name, metric.documentation)
        return metrics


def merge_ended_worker(folder: Path, process: int) -> None:
    """Add the counts of a worker that has ended to those of earlier ones, and delete its files.

    Args:
        folder: The folder with the workers' files.
        process: The worker's process id.
    """
    mark_process_dead(process, str(folder))
    with _locked(folder, fcntl.LOCK_EX):
        for file in folder.glob(f"*_{process}.db"):
            kind = file.name.removesuffix(f"_{process}.db")
            total = MmapedDict(str(folder / f"{kind}_{ENDED}.db"))
            for key, value, _ in MmapedDict.read_all_values_from_file(str(file)):
                total.write_value(key, total.read_value(key) + value)
            total.close()
            file.unlink()


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    """Hold a lock, so that no count is read twice or not at all while it is moved."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, kind)
        yield
