"""Windows of earlier drift detections."""

from uuid import UUID

from zenml.client import Client

from faces.data.window import Window


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
