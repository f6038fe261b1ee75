"""Model card of a version: intended use, accuracy, robustness and limits."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces import NAME
from faces.data.corruptions import CORRUPTIONS, corrupt
from faces.data.dataset import Faces
from faces.data.sources import credit, is_synthetic
from faces.data.split import Split
from faces.evaluation.invariance import prediction_flip_rate
from faces.groups import spread_evenly
from faces.reports import render
from faces.runtime.portable import PortableModel, write_portable

MAX_TEST_IMAGES = 5_000
"""Held-out images on which robustness is measured."""


def write_card(
    faces: Faces,
    split: Split,
    portable: PortableModel,
    metrics: Mapping[str, float],
    by_condition: pd.DataFrame,
    settings: Mapping[str, Any],
) -> str:
    """Write the model card (Mitchell et al. 2019, "Model cards for model reporting").

    Args:
        faces: The data.
        split: Its split.
        portable: The exported model; its robustness is measured here, on the baseline test.
        metrics: Its metrics.
        by_condition: Its accuracy by condition.
        settings: The settings of training: `model`, `params` and `seed`.

    Returns:
        An HTML page.
    """
    return render(
        "model_card.html",
        name=NAME,
        when=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        settings=settings,
        metrics=metrics,
        people=len(portable.classes),
        operators=[kind for kind, _ in portable.operators],
        bytes=len(write_portable(portable)),
        train=len(split.train),
        condition=split.condition,
        left_out=split.left_out,
        data=faces.source,
        data_version=faces.version,
        credits=credit(faces.source),
        synthetic=is_synthetic(faces.source),
        by_condition=by_condition.to_dict("records"),
        **robustness(faces[spread_evenly(split.test, MAX_TEST_IMAGES)], portable),
    )


def robustness(test: Faces, portable: PortableModel) -> dict[str, dict[str, float]]:
    """Measure the robustness of a model.

    Args:
        test: Images that it was not trained on; there may be none.
        portable: The model.

    Returns:
        `corrupted`: accuracy by corruption; `flip_rates`: prediction flip rate by perturbation.
    """
    if not len(test):
        return {"corrupted": {}, "flip_rates": {}}

    def predict(images: NDArray[np.float32]) -> NDArray[np.str_]:
        return portable.predict(np.asarray(images, np.float32).reshape(len(images), -1))

    images = np.asarray(test.images)
    corrupted = {
        name: float((predict(corrupt(name, images, 0)) == test.labels).mean())
        for name in CORRUPTIONS
    }
    return {"corrupted": corrupted, "flip_rates": prediction_flip_rate(predict, images)}
