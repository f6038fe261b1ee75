"""Faces, splits and windows as artifacts."""

import json
from io import StringIO
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from zenml.enums import ArtifactType
from zenml.metadata.metadata_types import MetadataType

from faces.data.dataset import Faces
from faces.data.sharded_faces import ShardedFaces, ShardedImages
from faces.data.split import Split
from faces.data.window import Window
from store.materializers.base import FileMaterializer

LABEL, ID = "<label>", "<id>"
ORIGIN, SENDER, LABEL_TIME = "<origin>", "<sender>", "<label_time>"
"""Columns of the table beside the conditions. No condition can have such a name."""

PARTS = ("train", "test", "drifted")

FROM_PRODUCTION = "from_production"
"""Metadata of a data version: how many of its images were captured in production."""

SKIPPED = "skipped"
"""Metadata of a data version: how many files of the folder were not used."""

SKIPPED_FILE = "skipped.json"
"""Their names, which may be those of people, with the reasons."""

OLDEST = "oldest"
"""Metadata of a window: when its oldest face was captured, in nanoseconds since 1970."""


def describe_faces(faces: Faces) -> dict[str, MetadataType]:
    """Return the metadata of a data version.

    Args:
        faces: The faces.
    """
    return {
        "source": faces.source,
        "version": faces.version,
        "images": len(faces),
        "identities": len(faces.identities),
        FROM_PRODUCTION: int((faces.origins != "").sum()),
        SKIPPED: len(faces.skipped),
    }


class FacesMaterializer(FileMaterializer):
    """Images as .npy, mapped into memory where the store is local; the rest as CSV."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (Faces,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, faces: Faces) -> None:
        """Write images.npy, table.csv, source.json and skipped.json. See BaseMaterializer."""
        with self.artifact_store.open(self.path("images.npy"), "wb") as file:
            np.save(file, faces.images, allow_pickle=False)
        table = faces.conditions.copy()
        columns = (LABEL, ORIGIN, SENDER, LABEL_TIME)
        values = (faces.labels, faces.origins, faces.senders, faces.label_times)
        for position, (name, column) in enumerate(zip(columns, values, strict=True)):
            table.insert(position, name, column)
        self.write("table.csv", table.to_csv(index=False))
        self.write("source.json", json.dumps({"source": faces.source}))
        if faces.skipped:
            self.write(SKIPPED_FILE, json.dumps(faces.skipped))

    def load(self, data_type: type) -> Faces:
        """Read what `save` wrote, also before senders were recorded. See BaseMaterializer."""
        images = self.read_array(self.uri, "images.npy")
        text = StringIO(self.read("table.csv").decode())
        table = pd.read_csv(text, dtype=str, keep_default_na=False)
        labels, origins = (table.pop(name).to_numpy(dtype=str) for name in (LABEL, ORIGIN))
        senders = table.pop(SENDER).to_numpy(dtype=str) if SENDER in table else None
        times = table.pop(LABEL_TIME).to_numpy(dtype="int64") if LABEL_TIME in table else None
        source = json.loads(self.read("source.json"))["source"]
        return Faces(images, labels, table, source, origins, senders, times)  # type: ignore[arg-type]

    def extract_metadata(self, faces: Faces) -> dict[str, MetadataType]:
        """Return source, version and numbers of images, without names. See BaseMaterializer."""
        return describe_faces(faces)

    def compute_content_hash(self, faces: Faces) -> str:
        """Hash the data, so that equal data is cached as equal. See BaseMaterializer."""
        return f"{faces.source}-{faces.version}"


class ShardedFacesMaterializer(FileMaterializer):
    """The table of all images, and where their shards are: other artifacts of the same store."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (Faces,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, faces: ShardedFaces) -> None:
        """Write table.csv and shards.json. See BaseMaterializer."""
        images = faces.images
        assert isinstance(images, ShardedImages)
        table = faces.conditions.copy()
        table.insert(0, LABEL, faces.labels)
        table.insert(1, ID, faces.ids)
        self.write("table.csv", table.to_csv(index=False))
        shards = {"places": images.places, "counts": images.counts}
        self.write(
            "shards.json", json.dumps({"source": faces.source, "version": faces.version} | shards)
        )

    def load(self, data_type: type) -> ShardedFaces:
        """Read what `save` wrote; images are read when they are selected. See BaseMaterializer."""
        table = pd.read_csv(
            StringIO(self.read("table.csv").decode()), dtype=str, keep_default_na=False
        )
        labels, ids = (table.pop(name).to_numpy(dtype=str) for name in (LABEL, ID))
        content = json.loads(self.read("shards.json"))
        images = ShardedImages(content["places"], content["counts"], self._read_shard)
        return ShardedFaces(
            images,  # type: ignore[arg-type]
            labels,
            table,
            content["source"],
            known_ids=ids,
            known_version=content["version"],
        )

    def _read_shard(self, uri: str) -> NDArray[np.float32]:
        return self.read_array(uri, "images.npy")

    def extract_metadata(self, faces: ShardedFaces) -> dict[str, MetadataType]:
        """Return source, version and sizes. See BaseMaterializer."""
        return {**describe_faces(faces), "shards": len(faces.images.counts)}  # type: ignore[attr-defined]

    def compute_content_hash(self, faces: ShardedFaces) -> str:
        """Hash the data, so that equal data is cached as equal. See BaseMaterializer."""
        return f"{faces.source}-{faces.version}"


class SplitMaterializer(FileMaterializer):
    """A split as JSON: it is small, and people may want to read it."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (Split,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, split: Split) -> None:
        """Write split.json. See BaseMaterializer."""
        rows = {part: getattr(split, part).tolist() for part in PARTS}
        text = {"condition": split.condition, "left_out": list(split.left_out)}
        self.write("split.json", json.dumps(text | rows))

    def load(self, data_type: type) -> Split:
        """Read what `save` wrote. See BaseMaterializer."""
        content = json.loads(self.read("split.json"))
        rows = {part: np.array(content[part], dtype=np.int64) for part in PARTS}
        return Split(**rows, left_out=tuple(content["left_out"]), condition=content["condition"])

    def extract_metadata(self, split: Split) -> dict[str, MetadataType]:
        """Return the sizes, without names of people. See BaseMaterializer."""
        return {
            "condition": split.condition,
            "train": len(split.train),
            "test": len(split.test),
            "drifted": len(split.drifted),
            "left_out": len(split.left_out),
        }


class WindowMaterializer(FileMaterializer):
    """A monitoring window as one .npz file: numbers stay numbers."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (Window,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA
    ARRAYS: ClassVar[tuple[str, ...]] = (
        "images", "predicted", "labels", "confidence", "versions", "times", "senders",
        "label_times", "repeats",
    )  # fmt: skip
    COUNTS: ClassVar[tuple[str, ...]] = ("damaged", "unmatched_feedback", "sampled_from")

    def save(self, window: Window) -> None:
        """Write window.npz. See BaseMaterializer."""
        names = (*self.ARRAYS, *self.COUNTS)
        self.write_arrays("window.npz", {n: np.asarray(getattr(window, n)) for n in names})

    def load(self, data_type: type) -> Window:
        """Read what `save` wrote, also before all were recorded. See BaseMaterializer."""
        arrays = self.read_arrays("window.npz")
        counts = {name: int(arrays.pop(name)) for name in self.COUNTS if name in arrays}
        return Window(**arrays, **counts)  # type: ignore[arg-type]

    def extract_metadata(self, window: Window) -> dict[str, MetadataType]:
        """Return counts, and the time of the oldest face. See BaseMaterializer."""
        return {
            "images": len(window),
            "labelled": int(window.labelled.sum()),
            **{name: getattr(window, name) for name in self.COUNTS},
            **({OLDEST: int(window.times.min())} if len(window) else {}),
        }
