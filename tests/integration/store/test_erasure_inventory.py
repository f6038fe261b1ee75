"""What an erasure deletes of a run that worked with a person: every artifact is decided on."""

import importlib
import pkgutil

import steps
from store.erasure.inventory import FIGURES, OF_MANY_RUNS, TABLE_OF_FACES, TEXTS

OF_CONCERNED_RUNS = {
    "accuracy_by_condition", "batch_result", "best", "confusions", "drift_detector",
    "drift_features", "drift_report", "faces", "features", "model", "model_card", "moments",
    "open_set", "plots", "portable", "predictions", "projection", "search", "shard",
    "shard_predictions", "shard_rows", "shard_table", "shards", "split", "summary", "trials",
    "window",
}  # fmt: skip
"""They contain faces, names, or what was computed from the faces of a few people."""


def artifacts_of_all_steps() -> set[str]:
    from zenml.steps import BaseStep

    names: set[str] = set()
    for module in pkgutil.walk_packages(steps.__path__, "steps."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, BaseStep):
                names.update(value.entrypoint_definition.outputs)
    return names


def test_every_artifact_is_deleted_or_known_to_hold_no_faces_and_names() -> None:
    deleted = OF_CONCERNED_RUNS | OF_MANY_RUNS | {TABLE_OF_FACES}
    assert artifacts_of_all_steps() == deleted | FIGURES
    assert not deleted & FIGURES
    assert TEXTS <= FIGURES | OF_CONCERNED_RUNS
