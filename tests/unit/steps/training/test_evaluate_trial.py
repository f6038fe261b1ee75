from faces.models import ModelParams
from faces.models.search import Trial, best_index
from steps.sharded.resources import SHARD
from steps.training.evaluate_trial import evaluate_trial, in_order
from store.records import TrialPlan, TrialResult

EQUAL = {"accuracy": 0.9, "log_loss": 0.1}


def test_trials_that_finish_at_the_same_time_are_compared_in_the_order_of_the_plan() -> None:
    params: tuple[ModelParams, ...] = ({"C": 1}, {}, {"C": 2}, {})
    plan = TrialPlan(("svm", "lbp", "svm", "mlp"), params, (None, None, None, EQUAL))
    finished = [TrialResult("svm", {"C": value}, EQUAL, "run") for value in (2, 1)]
    results = in_order(plan, finished)
    trials = [Trial("svm", {"C": 1}), Trial("svm", {"C": 2}), Trial("mlp", {})]
    assert [trial for trial, _ in results] == trials
    assert best_index(results) == 0


def test_a_trial_requests_the_resources_with_which_vertex_ai_runs_it_as_a_separate_job() -> None:
    resources = evaluate_trial.configuration.settings["resources"].model_dump()
    assert resources.items() >= SHARD["resources"].model_dump(exclude_unset=True).items()  # type: ignore[union-attr]
    assert evaluate_trial.configuration.retry is not None
