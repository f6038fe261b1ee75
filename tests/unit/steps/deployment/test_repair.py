import pytest

from steps.deployment.repair import why_unfinished
from store.records import Deployment


def deployed(*versions: int) -> list[Deployment]:
    return [Deployment("", number, "deployment", "", "", "", 0.0) for number in versions]


@pytest.mark.parametrize(
    ("served", "records", "failed_run_of", "reason"),
    [
        (1, [1], None, None),  # trained, and not deployed on purpose
        (1, [1], "training", None),
        (1, [1], "drift_detection", "the run that promoted version 2 had ended before"),
        (1, [1], "forget", "the run that promoted version 2 had ended before"),
        (1, [1, 2], None, "version 1 was live without a record, instead of version 2"),
        (3, [2, 1], "drift_detection", None),  # it was deployed, and then another one
        (3, [], "drift_detection", "the run that promoted version 2 had ended before"),
    ],
)
def test_what_a_killed_run_left_is_found(
    served: int, records: list[int], failed_run_of: str | None, reason: str | None
) -> None:
    found = why_unfinished(served, 2, deployed(*records), failed_run_of)
    assert (found is None) if reason is None else reason in str(found)
