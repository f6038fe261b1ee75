"""Indexes of libraries, for `benchmarks.search --indexes`. They are not packages of this project.

pip install faiss-cpu hnswlib
"""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LINKS, BUILD_CANDIDATES, SEARCH_CANDIDATES = 16, 100, 128
"""Of the graphs: links of a person, and how many are compared when building and searching."""

SEARCHED_CELLS = 64
"""Cells of the inverted file that are searched; there are 4 · √people."""

Unit = NDArray[np.float32]


@dataclass(frozen=True)
class Built:
    """A built index.

    Attributes:
        search: Returns the number of the person who is most similar to a row of length 1.
        seconds: Seconds of CPU to build it.
        megabytes: Size of its file.
    """

    search: Callable[[Unit], int]
    seconds: float
    megabytes: float


def hnswlib_graph(means: Unit) -> Built:
    """Build hnswlib's graph."""
    import hnswlib

    began = time.process_time()
    index = hnswlib.Index("ip", means.shape[1])
    index.set_num_threads(1)
    index.init_index(len(means), BUILD_CANDIDATES, LINKS)
    index.add_items(means, num_threads=1)
    index.set_ef(SEARCH_CANDIDATES)
    seconds = time.process_time() - began

    def search(row: Unit) -> int:
        return int(index.knn_query(row[None], 1, num_threads=1)[0][0, 0])

    return Built(search, seconds, _file_megabytes(index.save_index))


def faiss_graph(means: Unit) -> Built:
    """Build faiss' graph."""
    import faiss

    index = faiss.IndexHNSWFlat(means.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = BUILD_CANDIDATES, SEARCH_CANDIDATES
    return _fill(index, means)


def faiss_cells(means: Unit) -> Built:
    """Build faiss' inverted file."""
    import faiss

    width, cells = means.shape[1], int(4 * np.sqrt(len(means)))
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.niter, index.nprobe = 10, SEARCHED_CELLS
    return _fill(index, means)


def _fill(index: Any, means: Unit) -> Built:
    import faiss

    faiss.omp_set_num_threads(1)
    began = time.process_time()
    index.train(means)
    index.add(means)
    seconds = time.process_time() - began

    def search(row: Unit) -> int:
        return int(index.search(row[None], 1)[1][0, 0])

    def save(file: str) -> None:
        faiss.write_index(index, file)

    return Built(search, seconds, _file_megabytes(save))


def _file_megabytes(save: Callable[[str], object]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "index")
        save(file)
        return os.path.getsize(file) / 1e6


INDEXES = {
    "faiss, inverted file": faiss_cells,
    "faiss, HNSW": faiss_graph,
    "hnswlib": hnswlib_graph,
}
