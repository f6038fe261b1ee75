"""How the project's types are stored as artifacts: arrays, tables, JSON and images.

Only fitted estimators are pickled, in ZenML's own format; endpoints never read them.

Steps name their materializers by these sources. Passing the classes would make ZenML open its
database while a step's module is imported.
"""

from zenml.config.source import Source, SourceType


def _source(module: str, name: str) -> Source:
    return Source(module=f"{__name__}.{module}", attribute=name, type=SourceType.USER)


ARRAY = _source("moments", "ArrayMaterializer")
DETECTOR = _source("detector", "DetectorMaterializer")
ESTIMATOR = _source("estimator", "EstimatorMaterializer")
FACES = _source("faces", "FacesMaterializer")
MOMENTS = _source("moments", "MomentsMaterializer")
MONITOR_STATE = _source("monitor", "MonitorMaterializer")
PAGE = _source("documents", "PageMaterializer")
PLOTS = _source("documents", "PlotsMaterializer")
PORTABLE = _source("portable", "PortableMaterializer")
RECORD = _source("records", "RecordMaterializer")
SHARDED_FACES = _source("faces", "ShardedFacesMaterializer")
SPLIT = _source("faces", "SplitMaterializer")
WINDOW = _source("faces", "WindowMaterializer")
