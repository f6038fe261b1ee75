"""A model in memory, with what responses say about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from faces.runtime.portable import LARGE_CLASSES, PortableModel, map_portable
from serving.attestation import require_trusted


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model with its version, and its classes as responses contain them."""

    model: PortableModel
    version: str
    classes: list[str]
    classes_json: bytes

    @property
    def is_large(self) -> bool:
        """Whether answers have only the most probable classes by default."""
        return len(self.classes) > LARGE_CLASSES


def load_model(folder: Path, current: Mapping[str, str], public_key: str = "") -> LoadedModel:
    """Load a model from a server's folder.

    Args:
        folder: The server's folder.
        current: `version`, `file` and `hash` of the model, as `current.json` has them.
        public_key: The key that its provenance and gate decision must be signed with; "" for none.

    Returns:
        The model, with its version.

    Raises:
        DamagedModelError: If the file does not have this hash.
        UntrustedModelError: If it is not signed.
        OSError: If the file is missing.
    """
    file, version = folder / current["file"], str(current["version"])
    require_trusted(file, public_key, version, current["hash"])
    model = map_portable(file, current["hash"])
    classes = [str(label) for label in model.classes]
    return LoadedModel(model, version, classes, orjson.dumps(classes))
