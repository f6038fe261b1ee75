"""Write the model card of a candidate."""

from typing import Annotated

import pandas as pd
from pydantic import JsonValue
from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.runtime.portable import PortableModel
from store.caching import cache_on_imports
from store.materializers import PAGE
from store.materializers.documents import Page


@step(
    cache_policy=cache_on_imports(__name__),
    output_materializers={"model_card": PAGE},
)
def write_model_card(
    faces: Faces,
    split: Split,
    portable: PortableModel,
    metrics: dict[str, float],
    by_condition: pd.DataFrame,
    settings: dict[str, JsonValue],
) -> Annotated[Page, "model_card"]:
    """Write the model card: intended use, accuracy by condition, robustness and limits.

    Args:
        faces: The data.
        split: Its split.
        portable: The exported model, whose robustness to small changes of an image is measured.
        metrics: The metrics from `evaluate_model`.
        by_condition: The accuracy by condition from `evaluate_model`.
        settings: The settings of the training run.

    Returns:
        The card as an HTML page.
    """
    from faces.reports.model_card import write_card

    return Page({"page.html": write_card(faces, split, portable, metrics, by_condition, settings)})
