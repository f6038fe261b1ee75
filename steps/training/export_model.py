"""Export the trained model as the portable one that endpoints serve."""

from typing import Annotated

import numpy as np
from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.errors import UserError
from faces.groups import spread_evenly
from faces.models.protocol import Recogniser
from faces.models.quantization import NONE, quantize_within_tolerance
from faces.runtime.portable import PortableModel
from store.caching import cache_on_imports
from store.materializers import PORTABLE
from store.records import OpenSetResult

MAX_HELD_OUT = 5_000
"""Held-out images on which quantization is tried."""


@step(
    cache_policy=cache_on_imports(__name__),
    output_materializers={"portable": PORTABLE},
)
def export_model(
    faces: Faces,
    split: Split,
    model: Recogniser,
    open_set: OpenSetResult,
    quantization: str = NONE,
) -> Annotated[PortableModel, "portable"]:
    """Export the model as plain arrays, which an endpoint loads with numpy alone.

    Args:
        faces: The data that the model was trained on; the exported model names its version.
        split: Its split. The check whether an image is a face is fitted to training images, and
            quantization is tried on held-out ones.
        model: The fitted recogniser.
        open_set: Its open-set calibration, of which the rejection threshold is exported.
        quantization: How the file stores the weights: none, float16 or int8. If answers or
            confidence change too much, the next larger one is used.

    Returns:
        The portable model, which computes the same probabilities, and rejects what is not a face.

    Raises:
        UserError: If a part of the model cannot be exported.
    """
    from faces.models import export
    from faces.models.face_check import with_face_check

    metadata = {"data_version": faces.version, "data_source": faces.source}
    calibration = open_set.calibration
    threshold = calibration.rejection_threshold if calibration else None
    try:
        exported = export.export_model(model, metadata, threshold)
    except TypeError as error:
        raise UserError(str(error)) from error
    exported = with_face_check(exported, faces, split.train)
    if quantization == NONE:
        return exported
    held_out = spread_evenly(np.concatenate([split.test, split.drifted]), MAX_HELD_OUT)
    return quantize_within_tolerance(exported, quantization, faces[held_out].pixels)
