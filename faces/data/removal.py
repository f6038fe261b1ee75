"""Remove people or single images from a data version, as if they had never been in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.data.conditions import baseline_condition
from faces.data.dataset import Faces
from faces.data.feedback import add_labelled_faces
from faces.data.split import Split, split_by_condition


@dataclass(frozen=True)
class Removal:
    """What is removed.

    Attributes:
        people: Names of people, all of whose images are removed.
        images: Content hashes of images from production, as in `Faces.ids`. The same image in the
            source itself stays: it did not come from production.
    """

    people: frozenset[str] = frozenset()
    images: frozenset[str] = frozenset()

    def find(self, faces: Faces) -> NDArray[np.bool_]:
        """Find the images to remove.

        Args:
            faces: A data version.

        Returns:
            True for each image (n,) of one of the people, for copies of such an image under another
            name, and for the single images from production.
        """
        theirs = np.isin(faces.labels, list(self.people))
        copies = np.isin(faces.ids, faces.ids[theirs])
        single = np.isin(faces.ids, list(self.images)) & (faces.origins != "")
        found: NDArray[np.bool_] = copies | single
        return found


def without(faces: Faces, removed: NDArray[np.bool_]) -> Faces:
    """Return the other images, exactly as if the removed ones had never been there.

    Args:
        faces: A data version.
        removed: True for each image (n,) to leave out.

    Returns:
        The rest. Its arrays of text are no wider than its own longest name needs, so that a model
        that is trained on it has the same bytes.
    """
    kept = faces[np.flatnonzero(~removed)]
    labels, origins, senders = (
        np.array(column.tolist(), dtype=str) for column in (kept.labels, kept.origins, kept.senders)
    )
    images = np.ascontiguousarray(kept.images)
    return Faces(images, labels, kept.conditions, kept.source, origins, senders, kept.label_times)


def split_without(
    faces: Faces, removal: Removal, condition: str, test_share: float, seed: int
) -> tuple[Faces, Split]:
    """Build the data version and the split that would exist without what is removed.

    The source's own images are split as the training pipeline splits them. Then the windows of
    feedback are added again, in their order.

    Args:
        faces: A data version.
        removal: What to remove from it.
        condition: The condition that was trained on, as for `baseline_condition`.
        test_share: Share of each person's images that are held out for the test.
        seed: Seed of the split.

    Returns:
        The rest of the data, and its split.

    Raises:
        UserError: If fewer than two people are left who can be enrolled.
    """
    kept = without(faces, removal.find(faces))
    rest = without(kept, kept.origins != "")
    baseline = baseline_condition(condition, rest.conditions)
    split = split_by_condition(rest, baseline, test_share, seed)
    for origin in dict.fromkeys(kept.origins[kept.origins != ""].tolist()):
        window = kept[np.flatnonzero(kept.origins == origin)]
        rest, split = add_labelled_faces(
            rest, split, window.images, window.labels, window.senders, window.label_times
        )
    return rest, split
