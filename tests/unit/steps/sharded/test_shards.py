import numpy as np
import pytest
from rich.console import Console
from rich.status import Status
from zenml.exceptions import StepExecutionException

from cli import runner
from components.settings import Settings
from faces.data.split import Split
from faces.errors import UserError
from pipelines.training import SETTINGS
from steps.sharded.evaluate_shard import evaluate_shard
from steps.sharded.fit_sharded_features import measure_shard
from steps.sharded.fit_sharded_model import project_shard
from steps.sharded.index_shards import rows_by_shard
from steps.sharded.load_shard import load_shard


def test_rows_of_a_split_are_divided_by_shard() -> None:
    split = Split(np.array([0, 1, 5, 9]), np.array([2, 8]), np.array([7]), (), "all images")
    first, second, third = rows_by_shard(split, [3, 5, 2])
    assert first == {"start": [0], "train": [0, 1], "baseline": [2], "drifted": []}
    assert second == {"start": [3], "train": [2], "baseline": [], "drifted": [4]}
    assert third == {"start": [8], "train": [1], "baseline": [0], "drifted": []}


@pytest.mark.parametrize("step", [load_shard, measure_shard, project_shard, evaluate_shard])
def test_a_job_for_a_shard_has_resources_and_is_retried_alone(step: object) -> None:
    configuration = step.configuration  # type: ignore[attr-defined]
    assert configuration.retry.max_retries == 2
    assert configuration.settings["resources"].memory == "8GB", "a separate job on Vertex AI"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model": "svm"}, "only fisher can be trained on shards, not svm: add --model fisher"),
        ({"model": "fisher", "data": {"enrolled": "team"}}, "leave out --enrolled"),
        ({"model": "fisher", "data": {"source": "synthetic", "people": 7}}, "there are 7 people"),
        ({"model": "fisher", "data": {"source": "version:c1d8"}}, "leave out --enrolled"),
    ],
)
def test_what_shards_do_not_support_is_refused(values: dict[str, object], message: str) -> None:
    settings: Settings = SETTINGS.model_validate({"shards": 8, **values})
    with pytest.raises(UserError, match=message):
        settings.complete("training.yaml")


def test_the_error_of_a_mapped_step_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(settings: Settings) -> None:
        raise StepExecutionException("Step failed.", UserError("there are 7 people"))

    monkeypatch.setattr(runner, "runs_elsewhere", lambda: False)
    with pytest.raises(UserError, match="there are 7 people"):
        runner._run(fail, SETTINGS(), Console(), Status(""))  # type: ignore[arg-type]
