from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.shared import retraining
from pipelines.shared.settings import GateSettings, Tolerances
from pipelines.shared.training_settings import TrainingSettings
from store.records import Promotion

PEOPLE = ("s01",)


def artifact(value: Any) -> Any:
    return SimpleNamespace(load=lambda: value)


@pytest.mark.parametrize(
    ("rejected_because_of", "withheld", "trained"),
    [
        ([()], [], 1),
        ([PEOPLE], [0], 1),
        ([PEOPLE, None], [3], 2),
        ([PEOPLE, PEOPLE, None], [3, 1], 3),
        ([PEOPLE, PEOPLE, PEOPLE], [3, 1], 3),
    ],
)
def test_a_version_rejected_because_of_people_is_followed_by_one_without_their_new_labels(
    rejected_because_of: list[tuple[str, ...] | None],
    withheld: list[int],
    trained: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learned: list[int] = []
    counts = iter(withheld)

    def train_and_gate(faces: int, split: str, **settings: Any) -> tuple[int, Any]:
        people = rejected_because_of[len(learned)]
        learned.append(faces)
        version, promoted = 1 + len(learned), people is None
        promotion = Promotion("faces", version, "", promoted, "", None, people=people or ())
        return version, artifact(promotion)

    def withhold_labels(faces: int, split: str, live: Any, promotion: Any) -> tuple[int, str, Any]:
        assert promotion.load().people == PEOPLE
        count = next(counts)
        return faces - count, "split", artifact(count)

    monkeypatch.setattr(retraining, "training_settings", lambda _: TrainingSettings())
    monkeypatch.setattr(retraining, "train_and_gate", train_and_gate)
    monkeypatch.setattr(retraining, "withhold_labels", withhold_labels)
    gate = GateSettings(tolerances=Tolerances(baseline=0.05))
    faces: Any = 30
    version, promotion = retraining.retrain(faces, artifact(None), artifact(1), gate, hold=False)
    assert learned == [30 - sum(withheld[:number]) for number in range(trained)]
    assert version == promotion.load().version == trained + 1
