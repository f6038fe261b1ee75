"""Sweep: search for the best model on the training images; it goes to the gate like any other."""

from typing import Any

from zenml import pipeline
from zenml.client import Client
from zenml.models import PipelineRunResponse

from pipelines import training
from pipelines.train_and_gate import train_and_gate
from steps.data.load_faces import load_faces
from steps.data.split_faces import split_faces
from steps.training.search_models import search_models


@pipeline(name="sweep", dynamic=True)
def sweep(settings: dict[str, Any]) -> None:
    """Try models and their parameters by cross-validation, and train the best.

    1. Load the faces and split them, as training does.
    2. Search, inside the training images only; each trial is a run in MLflow.
    3. Train, evaluate, record and judge the best as training does.
    """
    data, seed = settings["data"], settings["seed"]
    faces = load_faces(data["source"], data["people"], data["images"], data["seed"])
    split = split_faces(faces, settings["condition"], settings["test_share"], seed)
    tracker = Client().active_stack.experiment_tracker
    search = search_models.with_options(experiment_tracker=tracker.name if tracker else None)
    names = ("spaces", "defaults", "trials", "minutes", "folds", "seed")
    _, best, _ = search(faces, split, **{name: settings[name] for name in names})
    found = best.load()
    shared = {name: settings[name] for name in ("data", "condition", "test_share", "gate", "seed")}
    chosen = {"model": found["model"], "params": found["params"]}
    train_and_gate(faces, split, shared | chosen, settings["gate"])


def summarize(run: PipelineRunResponse) -> dict[str, Any]:
    """What training tells, and what was searched."""
    searched = run.steps["search_models"].outputs
    return training.summarize(run) | {"sweep": searched["best"][0].load()}
