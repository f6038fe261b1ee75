"""A version's model card: what it is for, how good it is, and where it ends."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from faces import NAME
from faces.data.corruptions import CORRUPTIONS, corrupt
from faces.data.dataset import CREDITS, Faces
from faces.data.split import Split
from faces.evaluation.invariance import prediction_flip_rate
from faces.reports import render
from faces.runtime.portable import PortableModel, write_portable


def write_card(
    faces: Faces,
    split: Split,
    portable: PortableModel,
    metrics: Mapping[str, float],
    by_condition: pd.DataFrame,
    settings: Mapping[str, Any],
) -> str:
    """The card as HTML. Robustness is measured here, on the baseline test."""
    return render(
        "model_card.html",
        name=NAME,
        when=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        settings=settings,
        metrics=metrics,
        people=len(portable.classes),
        stages=[kind for kind, _ in portable.operators],
        bytes=len(write_portable(portable)),
        train=len(split.train),
        condition=split.condition,
        left_out=split.left_out,
        data=faces.source,
        data_version=faces.version,
        credits=CREDITS[faces.source],
        synthetic=faces.source == "synthetic",
        by_condition=by_condition.to_dict("records"),
        **robustness(faces[split.test], portable),
    )


def robustness(test: Faces, portable: PortableModel) -> dict[str, dict[str, float]]:
    """Accuracy with each corruption, and the share of names that each small change changes."""
    if not len(test):
        return {"corrupted": {}, "changed": {}}

    def named(images: np.ndarray) -> np.ndarray:
        return portable.predict(np.asarray(images, np.float32).reshape(len(images), -1))

    images = np.asarray(test.images)
    corrupted = {
        name: float((named(corrupt(name, images, 0)) == test.labels).mean()) for name in CORRUPTIONS
    }
    return {"corrupted": corrupted, "changed": prediction_flip_rate(named, images)}
