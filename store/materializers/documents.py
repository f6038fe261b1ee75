"""Plots and HTML pages as artifacts that the dashboard shows."""

import os
from typing import ClassVar

from zenml.enums import ArtifactType, VisualizationType
from zenml.metadata.metadata_types import MetadataType

from store.materializers.base import FileMaterializer

ALL = "all.png"


class Plots(dict[str, bytes]):
    """PNG images by name."""


class Page(dict[str, str]):
    """HTML by file name: `page.html` without scripts, and the files that belong to it."""


class PlotsMaterializer(FileMaterializer):
    """PNG files, and one with all of them for the dashboard."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (Plots,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA_ANALYSIS

    def save(self, plots: Plots) -> None:
        """Write one PNG file per plot. See BaseMaterializer."""
        for name, png in plots.items():
            self.write(f"{name}.png", png)

    def load(self, data_type: type) -> Plots:
        """Read what `save` wrote. See BaseMaterializer."""
        names = sorted(str(name) for name in self.artifact_store.listdir(self.uri))
        images = [name for name in names if name.endswith(".png") and name != ALL]
        return Plots({os.path.splitext(name)[0]: self.read(name) for name in images})

    def save_visualizations(self, plots: Plots) -> dict[str, VisualizationType]:
        """Show all plots in one image, then each of them. See BaseMaterializer."""
        from faces.reports.png import stack_images

        self.write(ALL, stack_images(list(plots.values())))
        files = [ALL, *(f"{name}.png" for name in plots)]
        return dict.fromkeys(map(self.path, files), VisualizationType.IMAGE)


class PageMaterializer(FileMaterializer):
    """HTML files; the dashboard shows `page.html`, and would not run scripts of the others."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (Page,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA_ANALYSIS

    def save(self, page: Page) -> None:
        """Write the HTML files. See BaseMaterializer."""
        for name, html in page.items():
            self.write(name, html)

    def load(self, data_type: type) -> Page:
        """Read what `save` wrote. See BaseMaterializer."""
        names = sorted(str(name) for name in self.artifact_store.listdir(self.uri))
        return Page({name: self.read(name).decode() for name in names})

    def extract_metadata(self, page: Page) -> dict[str, MetadataType]:
        """Return the names of the files. See BaseMaterializer."""
        return {"files": list(page)}

    def save_visualizations(self, page: Page) -> dict[str, VisualizationType]:
        """Show `page.html`. See BaseMaterializer."""
        return {self.path("page.html"): VisualizationType.HTML}
