"""Choose how the file of an exported model stores its weights."""

import numpy as np
from numpy.typing import NDArray

from faces.runtime.portable import PortableModel, Predictions, quantize
from faces.runtime.quantization import FLOAT16, INT8

NONE = "none"
QUANTIZATIONS = (NONE, FLOAT16, INT8)

MAX_CHANGED_ANSWERS = 0.002
"""Share of the held-out faces that may get another answer: 0.2 points."""

MAX_CONFIDENCE_CHANGE = 0.005
"""Mean absolute change of the confidence that is accepted: the calibration error changes by no
more."""


def quantize_within_tolerance(
    model: PortableModel, wanted: str, pixels: NDArray[np.floating]
) -> PortableModel:
    """Quantize a model as far as it answers like before.

    Args:
        model: The exported model.
        wanted: One of `QUANTIZATIONS`.
        pixels: Held-out faces (n, 4096); no labels are needed.

    Returns:
        The model with the wanted quantization; with float16 if int8 changes too much; the model
        itself if that does, too, or if there is no face to compare on.
    """
    if wanted == NONE or not len(pixels):
        return model
    before = model.predict_open_set(pixels)
    for quantization in (INT8, FLOAT16)[(INT8, FLOAT16).index(wanted) :]:
        quantized = quantize(model, quantization)
        with np.errstate(over="ignore", invalid="ignore"):
            after = quantized.predict_open_set(pixels)
        if _is_close(before, after):
            return quantized
    return model


def _is_close(before: Predictions, after: Predictions) -> bool:
    """Return whether answers, rejections and confidence are the same within the tolerances."""
    people = before.probabilities.argmax(axis=1), after.probabilities.argmax(axis=1)
    changed = (people[0] != people[1]) | (before.accepted != after.accepted)
    confidence = before.probabilities.max(axis=1) - after.probabilities.max(axis=1)
    return bool(
        np.isfinite(after.probabilities).all()
        and changed.mean() <= MAX_CHANGED_ANSWERS
        and np.abs(confidence).mean() <= MAX_CONFIDENCE_CHANGE
    )
