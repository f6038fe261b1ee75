"""Write the model card of a candidate."""

from typing import Annotated, Any

import pandas as pd
from zenml import step

from faces.dataset import Faces
from faces.portable import PortableModel
from faces.split import Split
from steps.artifacts import Page, PageMaterializer
from steps.caching import CACHED


@step(cache_policy=CACHED, output_materializers={"card": PageMaterializer})
def write_card(
    faces: Faces,
    split: Split,
    portable: PortableModel,
    metrics: dict[str, float],
    by_condition: pd.DataFrame,
    settings: dict[str, Any],
) -> Annotated[Page, "card"]:
    """What it is for, how good it is by condition and when corrupted, and where it ends."""
    from faces.pages import card

    return Page(
        {"page.html": card.write_card(faces, split, portable, metrics, by_condition, settings)}
    )
