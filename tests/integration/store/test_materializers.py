from dataclasses import fields
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from faces.data.dataset import Faces
from faces.data.split import Split, split_by_condition
from faces.data.traffic import TrafficSummary
from faces.data.window import Window
from faces.drift.accuracy import AccuracyDrop
from faces.drift.detectors import detector_names, fit_detector
from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action, DriftDecision
from faces.drift.result import DriftResult, DriftVerdict, MonitorResult
from faces.drift.sequential_monitor import SequentialMonitor
from faces.evaluation.canary_policy import Phase
from faces.evaluation.canary_release import CanaryRelease, CanaryStep
from faces.evaluation.feedback_verification import (
    FeedbackVerification,
    QuarantinedLabel,
    QuarantineReason,
)
from faces.evaluation.open_set import OpenSetCalibration
from faces.evaluation.reproduction import Stage
from faces.reports.timeline_records import AuditEvent
from store import materializers
from store.records import (
    Alert,
    ApprovalRequest,
    ApprovedLabels,
    AuditTrail,
    BatchResult,
    Deployment,
    ErasurePlan,
    ErasureReceipt,
    LabelReference,
    OpenSetResult,
    Promotion,
    Reproduction,
    Rollout,
    SearchResult,
    TrialPlan,
    TrialResult,
)

SOURCES = {name: source for name, source in vars(materializers).items() if name.isupper()}


@pytest.fixture(scope="module")
def database(zenml_home: Path) -> None:
    from stacks.databases import create_zenml_database

    create_zenml_database()


@pytest.fixture
def folder(database: None, request: pytest.FixtureRequest) -> Path:
    """A folder inside the artifact store: materializers may write nowhere else."""
    from zenml.client import Client

    folder = Path(Client().active_stack.artifact_store.path) / request.node.name
    folder.mkdir()
    return folder


def load(name: str) -> Any:
    from zenml.utils.source_utils import load

    return load(SOURCES[name])


def make_window(drawn: Faces, size: int) -> Window:
    rows = np.arange(size)
    return Window(
        images=drawn.images[rows],
        predicted=np.array(["unknown", "a", "b", "c", "d"][:size], dtype=str),
        labels=np.array(["", "a", "x", "", "d"][:size], dtype=str),
        confidence=np.linspace(0.1, 1 / 3, size),
        versions=np.array(["3"] * size, dtype=str),
        times=1_764_000_000_123_456_789 + rows,
        senders=np.array(["", "ada", "", "", "bob"][:size], dtype=str),
        label_times=1_764_000_000_123_456_789 * rows,
        repeats=rows + 1,
        damaged=2,
        unmatched_feedback=1,
    )


def test_every_source_names_a_materializer(database: None) -> None:
    from zenml.materializers.base_materializer import BaseMaterializer

    assert len(SOURCES) >= 8
    for name in SOURCES:
        assert issubclass(load(name), BaseMaterializer)


def test_faces_round_trip(drawn: Faces, folder: Path) -> None:
    materializer = load("FACES")(str(folder))
    materializer.save(drawn)
    back = materializer.load(Faces)
    assert back.version == drawn.version
    assert back.source == drawn.source
    assert isinstance(back.images, np.memmap)
    assert materializer.compute_content_hash(back) == materializer.compute_content_hash(drawn)
    assert materializer.extract_metadata(back)["identities"] == 12


def test_provenance_round_trips(drawn: Faces, folder: Path) -> None:
    origins = np.array(["", "window 1", "window 2"] * (len(drawn) // 3))
    senders = np.where(origins == "window 1", "ada", "")
    times = np.where(origins == "", 0, 1_764_100_000_000_000_001)
    faces = Faces(
        drawn.images, drawn.labels, drawn.conditions, drawn.source, origins, senders, times
    )
    materializer = load("FACES")(str(folder))
    materializer.save(faces)
    back = materializer.load(Faces)
    assert list(back.origins) == list(origins)
    assert list(back.senders) == list(senders)
    assert list(back.label_times) == list(times)
    assert back.version == faces.version


def test_faces_and_windows_of_before_senders_were_recorded_can_be_loaded(
    drawn: Faces, folder: Path
) -> None:
    window = make_window(drawn, 5)
    materializer = load("FACES")(str(folder))
    materializer.save(drawn)
    table = pd.read_csv(folder / "table.csv", dtype=str).drop(columns=["<sender>", "<label_time>"])
    table.to_csv(folder / "table.csv", index=False)
    back = materializer.load(Faces)
    assert back.version == drawn.version
    assert set(back.senders) == {""}
    assert list(back.conditions.columns) == list(drawn.conditions.columns)
    windows = load("WINDOW")(str(folder))
    windows.save(window)
    arrays = dict(np.load(folder / "window.npz"))
    del arrays["senders"], arrays["label_times"]
    np.savez(folder / "window.npz", **arrays)
    old = windows.load(Window)
    assert old.labels.tolist() == window.labels.tolist()
    assert old.senders.tolist() == [""] * len(window)
    assert not old.label_times.any()


def test_faces_without_conditions_or_with_one_called_person(drawn: Faces, folder: Path) -> None:
    rows = range(len(drawn))
    for number, table in enumerate(
        (pd.DataFrame(index=rows), pd.DataFrame({"person": ["x"] * len(drawn)}))
    ):
        place = folder / str(number)
        place.mkdir()
        materializer = load("FACES")(str(place))
        faces = Faces(drawn.images, drawn.labels, table, "folder")
        materializer.save(faces)
        back = materializer.load(Faces)
        assert back.version == faces.version
        assert list(back.conditions.columns) == list(table.columns)


def test_a_split_round_trips(drawn: Faces, folder: Path) -> None:
    split = split_by_condition(drawn, {"yaw": ("frontal",)})
    materializer = load("SPLIT")(str(folder))
    materializer.save(split)
    back = materializer.load(Split)
    for part in ("train", "test", "drifted"):
        assert np.array_equal(getattr(back, part), getattr(split, part))
    assert (back.left_out, back.condition) == (split.left_out, split.condition)
    assert materializer.extract_metadata(back)["train"] == len(split.train)


@pytest.mark.parametrize("size", [0, 5])
def test_numbers_of_a_window_are_loaded_as_numbers(drawn: Faces, folder: Path, size: int) -> None:
    window = make_window(drawn, size)
    materializer = load("WINDOW")(str(folder))
    materializer.save(window)
    back = materializer.load(Window)
    for field in fields(Window):
        before, after = getattr(window, field.name), getattr(back, field.name)
        assert np.array_equal(before, after), field.name
    assert back.confidence.dtype == np.float64
    assert back.times.dtype == np.int64
    assert materializer.extract_metadata(back)["labelled"] == int(window.labelled.sum())


@pytest.mark.parametrize("name", detector_names())
def test_a_fitted_detector_decides_the_same_after_it_was_stored(
    drawn: Faces, folder: Path, name: str
) -> None:
    from store.materializers.detector import FittedDetector

    detector = fit_detector(name, drawn.images, drawn.labels)
    materializer = load("DETECTOR")(str(folder))
    materializer.save(FittedDetector(detector))
    back = materializer.load(FittedDetector).detector
    images, labels = drawn.images[::3], drawn.labels[::3]
    assert back.test(images, labels) == detector.test(images, labels)
    assert type(back) is type(detector)
    assert not [file for file in folder.rglob("*") if file.suffix in (".pkl", ".pickle")]


def test_a_monitor_continues_after_it_was_stored(drawn: Faces, folder: Path) -> None:
    from store.materializers.monitor import DeploymentMonitor

    origins = np.full(len(drawn), "")
    monitor = SequentialMonitor.fit(np.asarray(drawn.images), drawn.labels, origins)
    materializer = load("MONITOR_STATE")(str(folder))
    state = DeploymentMonitor(monitor, 3, "2026-11-25T12:00:00+00:00", "stack")
    materializer.save(state)
    back = materializer.load(DeploymentMonitor)
    assert back.result(0.01) == state.result(0.01)
    assert (back.version, back.since, back.stack) == (3, state.since, "stack")
    assert materializer.extract_metadata(back)["version"] == 3


RESULT = MonitoringResult(
    drift=DriftResult(
        verdict=DriftVerdict.DRIFT,
        reason="p = 0.001",
        statistic=1.5,
        p_value=0.001,
        threshold=0.01,
        images=40,
        identities=18,
        detector="moments",
    ),
    labelled=12,
    confidence=None,
    accuracy=AccuracyDrop(before=0.95, now=0.65, low=0.5, high=0.78, p_value=1e-5),
    version=3,
    monitor=MonitorResult(2.5, 130.0, 0.01, 40, 38, "", 3),
)
CANARY = CanaryRelease(
    3, 2, Phase.SHADOW, "version 3 waits", "2026-11-25T21:00:00", "2026-11-25T20:00:00", 5
)
RECORDS = [
    RESULT,
    CANARY,
    CanaryStep(CANARY, serve=2, repair="nothing"),
    DriftDecision(Action.RETRAIN, "drift"),
    FeedbackVerification(5, (QuarantinedLabel(3, QuarantineReason.IMPLAUSIBLE, 0.1),)),
    AuditTrail((AuditEvent("2026-11-25T20:00:00+00:00", "ada", "deployed", "version 2", ""),)),
    ApprovedLabels((LabelReference("5a6f", 3),)),
    ApprovalRequest(2, 1, "Version 2 waits.", "2026-11-28T20:00:00+00:00"),
    Promotion("face-recognizer", 3, "production", True, "promoted: better", 2),
    OpenSetResult(OpenSetCalibration(0.5, 0.98, 0.95, 0.02)),
    Reproduction(3, (Stage("data", ""), Stage("split", "2 images")), {"numpy": "2.3, now 2.4"}),
    BatchResult(3, 0.31, 40, 7, ("group.jpg: no face",), "batch-3-5a6f"),
    Rollout("http://127.0.0.1:9000", 3, None, None),
    Deployment("http://127.0.0.1:9000", 3, "rollback", "why", "ada", "2026-11-25", 1e-6, 2),
    Alert("drift", None, False),
    SearchResult("svm", {"C": 1.0, "whiten": True, "components": 60}, 0.9, 0.3, 5, 5, 0),
    TrialPlan(("svm", "svm"), ({"C": 1.0}, {"C": 2.0}), ({"accuracy": 0.9}, None)),
    TrialResult("svm", {"C": 2.0, "whiten": True}, {"accuracy": 0.9, "log_loss": 0.4}, "run"),
    ErasurePlan(2, True, 1, False),
    ErasureReceipt("2026-11-25", ("0f",), (1, 2), 3, {"artifacts": 5}, ("the data source",)),
    TrafficSummary("yaw=left", None, 40, 40, 0, 40, 0.65, "3"),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_round_trips_with_its_types(record: Any, folder: Path) -> None:
    materializer = load("RECORD")(str(folder))
    materializer.save(record)
    back = materializer.load(type(record))
    assert back == record
    assert type(back) is type(record)


def test_every_kind_of_record_is_tested(database: None) -> None:
    assert {type(record) for record in RECORDS} == set(load("RECORD").ASSOCIATED_TYPES)


def test_a_record_of_another_type_is_refused(folder: Path) -> None:
    materializer = load("RECORD")(str(folder))
    materializer.save(Alert("drift", None, False))
    with pytest.raises(ValueError, match="version"):
        materializer.load(Rollout)


def test_plots_are_shown_from_their_own_files(folder: Path) -> None:
    from store.materializers.documents import Plots

    def png(size: tuple[int, int]) -> bytes:
        file = BytesIO()
        Image.new("RGB", size, "red").save(file, "png")
        return file.getvalue()

    plots = Plots(a=png((30, 10)), b=png((20, 5)))
    materializer = load("PLOTS")(str(folder))
    materializer.save(plots)
    everything, *single = map(Path, materializer.save_visualizations(plots))
    assert [file.read_bytes() for file in single] == [plots["a"], plots["b"]]
    assert Image.open(everything).size == (30, 15)
    assert materializer.load(Plots) == plots
