"""Turn the trained model into the portable one that endpoints serve."""

from typing import Annotated

from sklearn.base import BaseEstimator
from zenml import step

from faces.data.dataset import Faces
from faces.errors import UserError
from faces.models import export
from faces.runtime.portable import PortableModel
from store.caching import CACHED
from store.materializers import PortableMaterializer


@step(cache_policy=CACHED, output_materializers={"portable": PortableMaterializer})
def export_model(
    faces: Faces, model: BaseEstimator, strangers: dict[str, float | None]
) -> Annotated[PortableModel, "portable"]:
    """The same model as plain arrays. Its version's number is added once it has one."""
    about = {"data_version": faces.version, "data_source": faces.source}
    try:
        return export.export_model(model, about, strangers.get("rejection_threshold"))
    except TypeError as error:
        raise UserError(f"faces/models/export.py: {error}") from error
