"""Write the model card of a candidate."""

from typing import Annotated, Any

import pandas as pd
from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.runtime.portable import PortableModel
from store.caching import CACHED
from store.materializers import Page, PageMaterializer


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
    from faces.reports import model_card

    return Page(
        {
            "page.html": model_card.write_card(
                faces, split, portable, metrics, by_condition, settings
            )
        }
    )
