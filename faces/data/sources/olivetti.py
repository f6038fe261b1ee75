"""The Olivetti faces of AT&T Laboratories Cambridge, loaded by scikit-learn.

Samaria, F. and Harter, A. "Parameterisation of a stochastic model for human face identification",
IEEE Workshop on Applications of Computer Vision, 1994. The conditions are this project's
annotations.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.data.sources.base import DataSource, RawFaces, SourceUnavailable
from faces.errors import UserError

ANNOTATIONS = Path(__file__).parent / "olivetti_conditions.csv"
CONDITIONS = ("yaw", "pitch", "expression", "eyes", "glasses", "lighting")
CACHE_NAME = "olivetti_py3.pkz"
SHAPE = (400, 64, 64)
DOWNLOAD_TIMEOUT_SECONDS = 60


def cache_file() -> Path:
    """Return where scikit-learn caches the data: SCIKIT_LEARN_DATA or ~/scikit_learn_data."""
    home = os.environ.get("SCIKIT_LEARN_DATA", "~/scikit_learn_data")
    return Path(home).expanduser() / CACHE_NAME


def fetch_faces() -> RawFaces:
    """Load the faces from scikit-learn's cache, or download them.

    Returns:
        Images (400, 64, 64) in [0, 1], the labels 's01' to 's40', ten images of each, and the
        conditions.

    Raises:
        SourceUnavailable: If they are not cached and cannot be downloaded.
        UserError: If the cache file is damaged.
    """
    import joblib

    path = cache_file()
    if not path.exists():
        _download(path)
    try:
        images = _normalise(joblib.load(path))
    except Exception as error:
        raise UserError(
            f"{path} is damaged ({type(error).__name__}): delete that file and run again"
        ) from error
    labels = np.repeat([f"s{number:02d}" for number in range(1, 41)], 10)
    return images, labels, read_conditions()


def _normalise(cached: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the images (400, 64, 64) in [0, 1], as scikit-learn does with what it cached.

    Its own function would import all of scikit-learn, which takes longer than a cached run.
    """
    pixels = cached.astype(np.float32)
    pixels -= pixels.min()
    pixels /= pixels.max()
    return pixels.reshape(SHAPE).transpose(0, 2, 1)


def read_conditions() -> pd.DataFrame:
    """Read this project's annotations of the condition of every image.

    Returns:
        400 rows of text in the order of `fetch_faces`, with the columns `CONDITIONS`.
    """
    return pd.read_csv(ANNOTATIONS, dtype=str, keep_default_na=False)[list(CONDITIONS)]


def _download(path: Path) -> None:
    """Let scikit-learn download the data, in a separate process so that it can time out."""
    code = "from sklearn.datasets import fetch_olivetti_faces as f; f(n_retries=0)"
    try:
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            timeout=DOWNLOAD_TIMEOUT_SECONDS,
            capture_output=True,
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise SourceUnavailable(
            f"the Olivetti faces are not in {path} and cannot be downloaded: put {CACHE_NAME} "
            "there, set SCIKIT_LEARN_DATA to its folder, or use --data synthetic"
        ) from error


SOURCE = DataSource(
    name="olivetti",
    credit="Olivetti faces: AT&T Laboratories Cambridge",
    is_synthetic=False,
    load=lambda settings: fetch_faces(),
    conditions=read_conditions,
)
