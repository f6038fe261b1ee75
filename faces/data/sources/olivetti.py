"""The Olivetti faces of AT&T Laboratories Cambridge, through scikit-learn's own loader.

Samaria, F. and Harter, A. "Parameterisation of a stochastic model for human face identification",
IEEE Workshop on Applications of Computer Vision, 1994. The condition labels are this project's.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.errors import UserError

LABELS = Path(__file__).parent / "olivetti_conditions.csv"
CONDITIONS = ("yaw", "pitch", "expression", "eyes", "glasses", "lighting")
CACHE_NAME = "olivetti_py3.pkz"
DOWNLOAD_SECONDS = 60


class Unavailable(UserError):
    """Neither in scikit-learn's cache nor to be downloaded."""


def cache_file() -> Path:
    """Where scikit-learn keeps the data: under SCIKIT_LEARN_DATA, or ~/scikit_learn_data."""
    from sklearn.datasets import get_data_home

    return Path(get_data_home()) / CACHE_NAME


def fetch_faces() -> tuple[NDArray[np.float32], NDArray[np.str_], pd.DataFrame]:
    """Return 400 images (400, 64, 64) of 40 people, subjects 's01' to 's40', and the labels.

    Raises Unavailable without cache and network; UserError if the cache file is damaged.
    """
    from sklearn.datasets import fetch_olivetti_faces

    path = cache_file()
    if not path.exists():
        _download(path)
    try:
        data = fetch_olivetti_faces(download_if_missing=False)
    except Exception as error:
        raise UserError(
            f"{path} is damaged ({type(error).__name__}): delete that file and run again"
        ) from error
    if data.images.shape != (400, 64, 64):
        raise UserError(f"{path} holds {data.images.shape} images, not (400, 64, 64): delete it")
    labels = np.array([f"s{number + 1:02d}" for number in data.target])
    return data.images.astype(np.float32), labels, read_labels()


def read_labels() -> pd.DataFrame:
    """The condition of every image, as text: 400 rows, the columns of `CONDITIONS`."""
    return pd.read_csv(LABELS, dtype=str, keep_default_na=False)[list(CONDITIONS)]


def _download(path: Path) -> None:
    """Let scikit-learn download the data, in a process of its own so that time is bounded."""
    code = "from sklearn.datasets import fetch_olivetti_faces as f; f(n_retries=0)"
    try:
        subprocess.run(
            [sys.executable, "-c", code], check=True, timeout=DOWNLOAD_SECONDS, capture_output=True
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise Unavailable(
            f"the Olivetti faces are neither in {path} nor to be downloaded: put {CACHE_NAME} "
            "there, set SCIKIT_LEARN_DATA to its folder, or use --data synthetic"
        ) from error
