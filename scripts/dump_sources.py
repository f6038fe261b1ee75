"""Write the faces of every data source to .npz files: python scripts/dump_sources.py FOLDER.

`scripts.data_changes` runs this file with the packages of two commits, so it imports nothing from
this repository but the registry of sources.
"""

import sys
from pathlib import Path

import numpy as np

from faces.data.sources import data_sources
from faces.data.sources.base import GeneratorSettings, SourceUnavailable


def main(folder: Path) -> None:
    """Write FOLDER/SOURCE.npz for every source; without images if they are unavailable.

    Args:
        folder: An existing folder.
    """
    for name, source in data_sources().items():
        try:
            images, labels, conditions = source.load(GeneratorSettings())
        except SourceUnavailable:
            conditions = source.conditions()
            images, labels = np.empty((0, 64, 64), np.float32), np.array([""] * len(conditions))
        np.savez(
            folder / f"{name}.npz",
            allow_pickle=False,
            images=images,
            labels=labels.astype(str),
            names=np.array(list(conditions.columns), dtype=str),
            values=conditions.to_numpy(dtype=str),
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
