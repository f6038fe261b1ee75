import numpy as np

from app.pages.contributions import describe
from faces.evaluation.contributions import Contributions


def test_the_strongest_regions_are_described_in_words() -> None:
    parts = np.zeros((8, 8))
    parts[2, 1], parts[5, 4], parts[6, 7], parts[7, 3] = 3, 1, 2, -2
    assert describe(Contributions("ada", "bob", parts, 0.5)) == (
        "eyes on the left and mouth and chin on the right of the picture speak for ada; "
        "mouth and chin in the middle of the picture speak for bob"
    )
