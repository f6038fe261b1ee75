"""How the project's types are stored as artifacts: arrays, tables, JSON and images.

Only fitted estimators are pickled, in ZenML's own format; endpoints never read them.

Steps name their materializers by these sources. Passing the classes would make ZenML open its
database while a step's module is imported.
"""

from zenml.config.source import Source, SourceType


def _source(module: str, name: str) -> Source:
    return Source(module=f"{__name__}.{module}", attribute=name, type=SourceType.USER)


DETECTOR = _source("detector", "DetectorMaterializer")
ESTIMATOR = _source("estimator", "EstimatorMaterializer")
FACES = _source("faces", "FacesMaterializer")
MONITOR_STATE = _source("monitor", "MonitorMaterializer")
PAGE = _source("documents", "PageMaterializer")
PLOTS = _source("documents", "PlotsMaterializer")
PORTABLE = _source("portable", "PortableMaterializer")
RECORD = _source("records", "RecordMaterializer")
SPLIT = _source("faces", "SplitMaterializer")
WINDOW = _source("faces", "WindowMaterializer")
