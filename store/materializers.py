"""How the project's own types are kept in an artifact store: plain arrays, tables and pictures."""

import json
import os
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.metadata.metadata_types import MetadataType

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.runtime.portable import PortableModel, file_hash, read_portable, write_portable


class Pictures(dict[str, bytes]):
    """PNG pictures by name."""


class Page(dict[str, str]):
    """HTML by file name: `page.html` without cli, and what may belong to it."""


class FacesMaterializer(BaseMaterializer):
    """Images as .npy, mapped into memory where the store is local; people and conditions as CSV."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Faces,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA
    PERSON: ClassVar[str] = "<person>"
    ORIGIN: ClassVar[str] = "<origin>"

    def save(self, faces: Faces) -> None:
        """Write images.npy, table.csv and about.json."""
        with self.artifact_store.open(self._path("images.npy"), "wb") as file:
            np.save(file, faces.images, allow_pickle=False)
        table = faces.conditions.copy()
        table.insert(0, self.PERSON, faces.labels)
        table.insert(1, self.ORIGIN, faces.origins)
        with self.artifact_store.open(self._path("table.csv"), "w") as file:
            file.write(table.to_csv(index=False))
        with self.artifact_store.open(self._path("about.json"), "w") as file:
            json.dump({"source": faces.source}, file)

    def load(self, data_type: type[Any]) -> Faces:
        """Read what `save` wrote."""
        path = self._path("images.npy")
        if os.path.exists(path):
            images = np.load(path, mmap_mode="r", allow_pickle=False)
        else:
            with self.artifact_store.open(path, "rb") as file:
                images = np.load(file, allow_pickle=False)
        with self.artifact_store.open(self._path("table.csv"), "r") as file:
            table = pd.read_csv(file, dtype=str, keep_default_na=False)
        with self.artifact_store.open(self._path("about.json"), "r") as file:
            about = json.load(file)
        labels, origins = (table.iloc[:, at].to_numpy(dtype=str) for at in (0, 1))
        return Faces(images, labels, table.iloc[:, 2:], about["source"], origins)

    def extract_metadata(self, faces: Faces) -> dict[str, MetadataType]:
        """What the dashboard and `run.py` tell of the data."""
        return {
            "source": faces.source,
            "version": faces.version,
            "images": len(faces),
            "subjects": len(faces.identities),
        }

    def compute_content_hash(self, faces: Faces) -> str:
        """Equal data is equal to ZenML's cache, whichever run loaded it."""
        return f"{faces.source}-{faces.version}"

    def _path(self, name: str) -> str:
        return os.path.join(self.uri, name)


class SplitMaterializer(BaseMaterializer):
    """A split as JSON: it is small, and a person may want to read it."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Split,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, split: Split) -> None:
        """Write split.json."""
        rows = {part: getattr(split, part).tolist() for part in ("train", "test", "drifted")}
        about = {"condition": split.condition, "left_out": list(split.left_out)}
        with self.artifact_store.open(self._path(), "w") as file:
            json.dump(about | rows, file)

    def load(self, data_type: type[Any]) -> Split:
        """Read what `save` wrote."""
        with self.artifact_store.open(self._path(), "r") as file:
            kept = json.load(file)
        rows = {p: np.array(kept[p], dtype=np.int64) for p in ("train", "test", "drifted")}
        return Split(**rows, left_out=tuple(kept["left_out"]), condition=kept["condition"])

    def extract_metadata(self, split: Split) -> dict[str, MetadataType]:
        """Sizes, and who is left out."""
        return {
            "condition": split.condition,
            "train": len(split.train),
            "test": len(split.test),
            "drifted": len(split.drifted),
            "left_out": list(split.left_out),
        }

    def _path(self) -> str:
        return os.path.join(self.uri, "split.json")


class PortableMaterializer(BaseMaterializer):
    """A portable model in its own file, with the hash it is checked against."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (PortableModel,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.MODEL

    def save(self, model: PortableModel) -> None:
        """Write model.npz and its SHA-256."""
        data = write_portable(model)
        with self.artifact_store.open(self._path("model.npz"), "wb") as file:
            file.write(data)
        with self.artifact_store.open(self._path("model.sha256"), "w") as file:
            file.write(file_hash(data))

    def load(self, data_type: type[Any]) -> PortableModel:
        """Read what `save` wrote. Raises DamagedModelError if it is not."""
        with self.artifact_store.open(self._path("model.npz"), "rb") as file:
            data = file.read()
        with self.artifact_store.open(self._path("model.sha256"), "r") as file:
            return read_portable(data, file.read())

    def extract_metadata(self, model: PortableModel) -> dict[str, MetadataType]:
        """How many people it knows, and what it computes."""
        return {"people": len(model.classes), "stages": [kind for kind, _ in model.operators]}

    def _path(self, name: str) -> str:
        return os.path.join(self.uri, name)


class PicturesMaterializer(BaseMaterializer):
    """PNG files that the dashboard shows."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Pictures,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA_ANALYSIS

    def save(self, pictures: Pictures) -> None:
        """Write one file a picture."""
        for name, png in pictures.items():
            with self.artifact_store.open(self._path(name), "wb") as file:
                file.write(png)

    def load(self, data_type: type[Any]) -> Pictures:
        """Read what `save` wrote."""
        pictures = Pictures()
        for name in sorted(self.artifact_store.listdir(self.uri)):
            stem, suffix = os.path.splitext(str(name))
            if suffix == ".png" and stem != "all":
                with self.artifact_store.open(self._path(stem), "rb") as file:
                    pictures[stem] = file.read()
        return pictures

    def save_visualizations(self, pictures: Pictures) -> dict[str, VisualizationType]:
        """All pictures in one, then each by itself."""
        from faces.reports.plots import stack_images

        everything = self._path("all")
        with self.artifact_store.open(everything, "wb") as file:
            file.write(stack_images(list(pictures.values())))
        return dict.fromkeys([everything, *map(self._path, pictures)], VisualizationType.IMAGE)

    def _path(self, name: str) -> str:
        return os.path.join(self.uri, f"{name}.png")


class PageMaterializer(BaseMaterializer):
    """HTML files; the dashboard shows `page.html`, and would not run cli of the others."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Page,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA_ANALYSIS

    def save(self, page: Page) -> None:
        """Write the files."""
        for name, html in page.items():
            with self.artifact_store.open(self._path(name), "w") as file:
                file.write(html)

    def load(self, data_type: type[Any]) -> Page:
        """Read what `save` wrote."""
        page = Page()
        for name in sorted(map(str, self.artifact_store.listdir(self.uri))):
            with self.artifact_store.open(self._path(name), "r") as file:
                page[name] = file.read()
        return page

    def save_visualizations(self, page: Page) -> dict[str, VisualizationType]:
        """The page, where it lies."""
        return {self._path("page.html"): VisualizationType.HTML}

    def _path(self, name: str) -> str:
        return os.path.join(self.uri, name)
