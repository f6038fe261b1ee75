"""How the project's types are stored as artifacts: arrays, tables, JSON and images. No pickle."""

from store.materializers.detector import DetectorMaterializer
from store.materializers.documents import (
    Page,
    PageMaterializer,
    Plots,
    PlotsMaterializer,
)
from store.materializers.faces import FacesMaterializer, SplitMaterializer, WindowMaterializer
from store.materializers.portable import PortableMaterializer
from store.materializers.records import RecordMaterializer

__all__ = [
    "DetectorMaterializer",
    "FacesMaterializer",
    "Page",
    "PageMaterializer",
    "Plots",
    "PlotsMaterializer",
    "PortableMaterializer",
    "RecordMaterializer",
    "SplitMaterializer",
    "WindowMaterializer",
]
