"""Compare the held-out predictions of two versions on the images that both were tested on."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Difference:
    """A held-out image that the versions name differently.

    Attributes:
        row: Its row in the data of the first version.
        label: The true person.
        first: What the first version answered.
        second: What the second version answered.
    """

    row: int
    label: str
    first: str
    second: str


@dataclass(frozen=True)
class VersionComparison:
    """Two versions on the same images.

    Attributes:
        images: Number of images that both versions were tested on.
        first_correct: How many of them the first version names correctly.
        second_correct: How many of them the second one names correctly.
        differences: Images that they name differently.
    """

    images: int
    first_correct: int
    second_correct: int
    differences: tuple[Difference, ...]


def compare_predictions(first: pd.DataFrame, second: pd.DataFrame) -> VersionComparison:
    """Compare two tables of held-out predictions by the content of the images.

    Args:
        first: The table of the first version: `row`, `id`, `label` and `predicted` of each image.
        second: That of the second version.

    Returns:
        The comparison; without images if the versions have none in common.
    """
    columns = ["row", "id", "label", "predicted"]
    both = first[columns].merge(second[["id", "predicted"]], on="id", suffixes=("", "_second"))
    both = both.drop_duplicates("id")
    different = both[both["predicted"] != both["predicted_second"]]
    return VersionComparison(
        images=len(both),
        first_correct=int((both["predicted"] == both["label"]).sum()),
        second_correct=int((both["predicted_second"] == both["label"]).sum()),
        differences=tuple(
            Difference(int(row), str(label), str(one), str(other))
            for row, _, label, one, other in different.itertuples(index=False)
        ),
    )
