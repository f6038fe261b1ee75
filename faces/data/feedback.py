"""From a training set and labelled faces of production to the next training set."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.data.dataset import Faces
from faces.data.split import Split

FROM_PRODUCTION = "from production"
"""Begins the value of every condition of a face that came in: nobody noted how it was taken.

A number follows, which is another for every window that was learned.
"""


def learned_windows(faces: Faces) -> NDArray[np.str_]:
    """From which window each face was learned (n,), "" for those that were there before."""
    if faces.conditions.empty:
        return np.full(len(faces), "", dtype="U1")
    value = faces.conditions.iloc[:, 0].to_numpy(dtype=str)
    return np.where(np.char.startswith(value, FROM_PRODUCTION), value, "")


def add_labelled_faces(
    faces: Faces, split: Split, images: NDArray[np.float32], names: NDArray[np.str_]
) -> tuple[Faces, Split]:
    """Add faces (n, 64, 64) and who they are to the training images.

    An image that the data has already is not added twice; if it was held out until now, it is so no
    longer, since it is learned: it counts with the name given for it. Names that the model does not
    know are passed over.
    """
    known = np.isin(names, np.unique(faces.labels[split.train]))
    former = np.unique(learned_windows(faces)[learned_windows(faces) != ""])
    value = f"{FROM_PRODUCTION} {len(former) + 1}"
    about = pd.DataFrame(value, index=range(known.sum()), columns=faces.conditions.columns)
    fresh = Faces(images[known], names[known], about, faces.source)
    new = ~np.isin(fresh.ids, faces.ids[split.train])
    new[np.setdiff1d(np.arange(len(fresh)), np.unique(fresh.ids, return_index=True)[1])] = False
    fresh = fresh[np.flatnonzero(new)]
    together = Faces(
        np.concatenate([faces.images, fresh.images]),
        np.concatenate([faces.labels, fresh.labels]),
        pd.concat([faces.conditions, fresh.conditions], ignore_index=True),
        faces.source,
    )
    learned = np.isin(faces.ids, fresh.ids)
    added = np.arange(len(faces), len(together))
    return together, Split(
        train=np.concatenate([split.train, added]),
        test=split.test[~learned[split.test]],
        drifted=split.drifted[~learned[split.drifted]],
        left_out=split.left_out,
        condition=f"{split.condition} and {len(added)} {FROM_PRODUCTION}",
    )
