import numpy as np
import pandas as pd

from app.person_info import describe_people
from faces.data.dataset import Faces


def test_people_have_counts_unusual_conditions_and_results() -> None:
    conditions = pd.DataFrame(
        {"yaw": ["frontal"] * 4, "glasses": ["yes", "no", "yes", "unknown"], "hat": ["big"] * 4}
    )
    labels = np.array(["ada", "ada", "ada", "bob"])
    enrolled = Faces(np.zeros((4, 64, 64), np.float32), labels, conditions, "folder")
    predictions = pd.DataFrame(
        {
            "part": ["baseline", "baseline", "drifted"],
            "label": ["ada", "ada", "ada"],
            "predicted": ["ada", "bob", "ada"],
        }
    )
    ada, bob = describe_people(enrolled, predictions)
    assert (ada.name, ada.images, ada.tested, ada.correct) == ("ada", 3, 2, 1)
    assert ada.conditions == ("2 with glasses=yes", "3 with hat=big")
    assert (bob.images, bob.tested, bob.conditions) == (1, 0, ("1 with hat=big",))
