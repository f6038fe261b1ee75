"""Windows of earlier drift detections."""

from uuid import UUID

from zenml.client import Client

from faces.data.window import Window, concatenate
from faces.drift.policy import Action
from store.deployments import decisions

EARLIER_WINDOWS = 20
"""How many of the latest windows are evidence about the senders of feedback."""


def window_of_run(run: str | UUID) -> Window | None:
    """Load the window that a drift detection tested.

    Args:
        run: Id of the pipeline run.

    Returns:
        The window; None if it was deleted, because it had expired or somebody was forgotten.
    """
    outputs = Client().get_pipeline_run(run).steps["load_window"].outputs
    if "window" not in outputs:
        return None
    try:
        window: Window = outputs["window"][0].load()
    except FileNotFoundError:  # a ZenML server keeps the record
        return None
    return window


def earlier_labels() -> Window | None:
    """Load the labelled faces of the latest windows that were decided on.

    Returns:
        The faces, oldest first; None if there are none.
    """
    decided = [e.run for e in decisions() if e.action != Action.NOT_ENOUGH_EVIDENCE]
    windows = [window_of_run(run) for run in decided[-EARLIER_WINDOWS:]]
    labelled = [window[window.labelled] for window in windows if window is not None]
    return concatenate(labelled) if labelled else None
