"""Export the trained model as the portable one that endpoints serve."""

from typing import Annotated

from zenml import step

from faces.data.dataset import Faces
from faces.errors import UserError
from faces.models.protocol import Recogniser
from faces.runtime.portable import PortableModel
from store.caching import cache_on_imports
from store.materializers import PORTABLE
from store.records import OpenSetResult


@step(
    cache_policy=cache_on_imports(__name__),
    output_materializers={"portable": PORTABLE},
)
def export_model(
    faces: Faces, model: Recogniser, open_set: OpenSetResult
) -> Annotated[PortableModel, "portable"]:
    """Export the model as plain arrays, which an endpoint loads with numpy alone.

    Args:
        faces: The data that the model was trained on; the exported model names its version.
        model: The fitted recogniser.
        open_set: Its open-set calibration, of which the rejection threshold is exported.

    Returns:
        The portable model, which computes the same probabilities.

    Raises:
        UserError: If a part of the model cannot be exported.
    """
    from faces.models import export

    metadata = {"data_version": faces.version, "data_source": faces.source}
    calibration = open_set.calibration
    threshold = calibration.rejection_threshold if calibration else None
    try:
        return export.export_model(model, metadata, threshold)
    except TypeError as error:
        raise UserError(str(error)) from error
