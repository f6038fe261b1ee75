"""From a training set and labelled faces of production to the next training set."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.dataset import Faces
from faces.split import Split

FROM_PRODUCTION = "from production"
"""The value of every condition of a face that came in: nobody noted how it was taken."""


def learn(
    faces: Faces, split: Split, images: NDArray[np.float32], names: NDArray[np.str_]
) -> tuple[Faces, Split]:
    """Add faces (n, 64, 64) and who they are to the training images.

    An image that the data has already is not added twice; if it was held out until now, it is so no
    longer, since it is learned: it counts with the name given for it. Names that the model does not
    know are passed over.
    """
    known = np.isin(names, np.unique(faces.subjects[split.train]))
    fresh = Faces(images[known], names[known], _unknown(faces, int(known.sum())), faces.source)
    new = ~np.isin(fresh.ids, faces.ids[split.train])
    new[np.setdiff1d(np.arange(len(fresh)), np.unique(fresh.ids, return_index=True)[1])] = False
    fresh = fresh[np.flatnonzero(new)]
    together = Faces(
        np.concatenate([faces.images, fresh.images]),
        np.concatenate([faces.subjects, fresh.subjects]),
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


def _unknown(faces: Faces, count: int) -> pd.DataFrame:
    return pd.DataFrame(FROM_PRODUCTION, index=range(count), columns=faces.conditions.columns)
