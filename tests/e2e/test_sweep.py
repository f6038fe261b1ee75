import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from zenml.client import Client

from faces.errors import UserError
from tests.e2e.conftest import Run

CONFIG = """
data: {source: synthetic, people: 12, images: 8}
spaces: {svm: {components: [10, 20, 30], C: [0.1, 1.0]}, logistic: {components: [10, 20, 30]}}
"""


def test_a_killed_sweep_is_continued_and_its_best_goes_to_the_gate(
    run: Run, tmp_path: Path
) -> None:
    summary = run("sweep", CONFIG, trials=1)
    assert (summary["sweep"]["tried"], summary["sweep"]["reused"]) == (1, 0)
    assert summary["model"]["stage"] == "production"
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)
    command = [sys.executable, "run.py", "--pipeline", "sweep", "--config", str(config)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        while len(trials()) < 4:
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.2)
        os.killpg(process.pid, signal.SIGKILL)
    finished = len(trials())
    summary = run("sweep", CONFIG, trials=7, parallel=2)
    found = summary["sweep"]
    steps = Client().get_pipeline_run(summary["run"]["id"]).steps
    separate = [name for name in steps if name.startswith("evaluate_trial")]
    assert len(separate) == 7 - min(finished, 7)
    assert found["tried"] == found["planned"] == 7
    assert found["reused"] == min(finished, 7)
    best = max(run.data.metrics["accuracy"] for run in trials())
    assert found["accuracy"] == pytest.approx(best)
    assert summary["model"]["reason"].startswith(("promoted", "rejected: "))
    assert summary["metrics"]["baseline_accuracy"] > 0.5
    first_trials = {run.data.params["model"] for run in trials()[-2:]}
    assert first_trials == {"svm", "logistic"}, "each model with its defaults comes first"


def trials() -> list[Any]:
    """The finished trials in MLflow, of all runs."""
    import mlflow

    (database,) = Path(os.environ["ZENML_CONFIG_PATH"]).glob("local_stores/*/mlflow.db")
    client = mlflow.MlflowClient(f"sqlite:///{database}")
    experiments = [e.experiment_id for e in client.search_experiments()]
    wanted = "tags.study != '' and attributes.status = 'FINISHED'"
    return list(client.search_runs(experiments, wanted))


@pytest.mark.parametrize(
    ("spaces", "message"),
    [
        ("{}", "spaces"),
        ("{net: {}}", "unknown model 'net'"),
        ("{svm: {components: []}}", "spaces.svm.components: no values to try"),
        ("{svm: {colour: [1]}}", "colour"),
        ("{svm: {C: [much]}}", "C"),
    ],
)
def test_invalid_spaces_are_reported_before_anything_runs(
    run: Run, spaces: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        run("sweep", f"spaces: {spaces}")
