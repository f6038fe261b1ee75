import json
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import jsonschema
import pytest
from rich.console import Console

from cli.summaries import print_summary, summary_schema
from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action
from faces.drift.result import DriftResult, DriftVerdict
from pipelines.deployment import DeploymentSummary, EndpointSummary
from pipelines.shared.drift_summary import DriftSummary
from pipelines.shared.summary import RunInfo, Summary
from pipelines.shared.training_settings import TrainingSettings
from pipelines.shared.training_summary import DataSummary, TrainingSummary
from store.records import Promotion

SCHEMA = Path(__file__).parents[3] / "docs" / "summary.schema.json"
RUN = RunInfo(name="training-1", status="completed", id="1", stack="local")
DATA = DataSummary(
    source="olivetti",
    version="abc",
    identities=40,
    condition="glasses=no",
    train=190,
    test=60,
    drifted=50,
    left_out=["s02", "s06"],
)
METRICS = {
    "baseline_accuracy": 0.95,
    "baseline_accuracy_low": 0.9,
    "baseline_accuracy_high": 0.98,
    "baseline_calibration_error": 0.05,
    "drifted_accuracy": None,
    "pca_components": 60,
    "pca_variance": 0.913,
}
PROMOTION = Promotion(
    name="face-recognizer",
    version=3,
    stage="none",
    promoted=False,
    reason="rejected: worse",
    replaced=None,
)


def training(**changes: Any) -> TrainingSummary:
    run = RUN.model_copy(update={"tracker": "mlflow ui --backend-store-uri sqlite:///x"})
    values = {"run": run, "data": DATA, "metrics": METRICS, "model": PROMOTION}
    return TrainingSummary(**{**values, **changes})


def printed(summary: Summary, width: int = 100) -> str:
    console = Console(file=StringIO(), width=width)
    print_summary(summary, console)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_the_summary_of_a_training_run_is_printed() -> None:
    text = printed(training())
    for part in (
        "AT&T Laboratories Cambridge (version abc)",
        "38 of 40, too few images: s02, s06",
        "190 training, 60 test, 50 drifted (baseline: glasses=no)",
        "60 components, 91.3% of the variance",
        "0.950 (95 % interval 0.900 to 0.980; calibration error 0.050)",
        "no images",
        "face-recognizer version 3, stage none",
        "rejected: worse",
        "training-1 on stack 'local'",
        "make dashboard",
        "mlflow ui --backend-store-uri sqlite:///x",
    ):
        assert part in text
    assert "SYNTHETIC" not in text


PROMOTED = Promotion("face-recognizer", 3, "production", True, "promoted", None)


@pytest.mark.parametrize(
    ("wanted", "used", "text"),
    [
        ("int8", "int8", "stored as int8"),
        ("int8", "float16", "stored as float16: int8 changes answers on held-out images"),
        ("float16", "none", "not quantized: float16 changes answers on held-out images"),
    ],
)
def test_how_weights_are_stored_is_printed_if_it_was_asked_for(
    wanted: str, used: str, text: str
) -> None:
    settings = TrainingSettings(quantization=wanted)
    assert text in printed(training(quantization=used).finish(settings))
    assert "weights" not in printed(training().finish(TrainingSettings()))


def test_a_promoted_version_is_deployed_next_and_a_rejected_one_is_not() -> None:
    promoted, rejected = (
        printed(training(model=model)).split("next: ")[1] for model in (PROMOTED, PROMOTION)
    )
    assert "--pipeline deployment" in promoted
    assert "--pipeline deployment" not in rejected
    assert rejected.startswith("production stays as it is")
    assert "mlflow ui --backend-store-uri sqlite:///x to compare" in rejected


def test_a_rejected_version_without_a_tracker_has_next_steps() -> None:
    assert "None" not in printed(training(run=RUN, model=PROMOTION)).split("next: ")[1]


@pytest.mark.parametrize(
    ("pipeline", "replaced", "offered"),
    [
        ("deployment", None, False),
        ("deployment", 2, False),
        ("deployment", 1, True),
        ("rollback", 1, False),
    ],
)
def test_a_rollback_is_offered_if_another_version_was_replaced(
    pipeline: Literal["deployment", "rollback"], replaced: int | None, offered: bool
) -> None:
    summary = DeploymentSummary(
        run=RUN,
        pipeline=pipeline,
        endpoint=EndpointSummary(url="http://127.0.0.1:9000", model_version=2),
        replaced=replaced,
        reason="it is in production",
        who="ada",
        when="2026-11-25T12:00:00+00:00",
        largest_difference=0.0,
        note=None,
    )
    assert ("rollback[/] to restore version 1" in "".join(summary.next_steps())) is offered


def test_a_recogniser_without_pca_has_no_row_for_it() -> None:
    metrics = {name: value for name, value in METRICS.items() if not name.startswith("pca")}
    assert "PCA" not in printed(training(metrics=metrics))


@pytest.mark.parametrize(
    ("metrics", "text"),
    [
        ({}, "too few people to measure"),
        ({"open_set_auroc": 0.93}, "not rejected (AUROC 0.930"),
        (
            {
                "open_set_auroc": 0.999,
                "open_set_rejection_threshold": 0.5,
                "open_set_true_accept_rate": 0.95,
                "open_set_false_accept_rate": 0.01,
            },
            "99.0% of their images rejected, 5.0% of known people's (AUROC 0.999)",
        ),
    ],
)
def test_unknown_people_are_described(metrics: dict[str, float], text: str) -> None:
    assert text in printed(training(metrics=METRICS | metrics))


def test_names_are_escaped_and_long_lists_are_shortened() -> None:
    names = ["[bold]ada[/bold]", *(f"p{n}" for n in range(99))]
    data = DATA.model_copy(update={"left_out": names, "identities": 140})
    text = printed(training(data=data))
    assert "[bold]ada[/bold]" in text
    assert "and 88 more" in " ".join(text.split())


def test_all_images_by_default_are_announced_and_on_request_are_not() -> None:
    for requested, announced in (("auto", True), ("", False)):
        changes = {"condition": "all images", "requested_condition": requested}
        text = printed(training(data=DATA.model_copy(update=changes)))
        assert ("No image is marked yaw=frontal" in text) is announced
        assert "(baseline: all images)" in text


@pytest.mark.parametrize("requested", ["auto", "synthetic"])
def test_synthetic_faces_are_announced_in_a_banner(requested: str) -> None:
    data = DATA.model_copy(update={"source": "synthetic", "requested": requested})
    text = printed(training(data=data))
    banner = " ".join(text.split())
    assert ("neither cached nor" in banner) is (requested == "auto")
    assert banner.startswith("SYNTHETIC FACES")
    assert "These people do not exist" in banner


def test_the_address_of_a_tracking_server_is_printed() -> None:
    run = RUN.model_copy(update={"tracker": "https://mlflow.example"})
    assert (
        printed(training(run=run, model=PROMOTED)).splitlines()[-1].strip()
        == "https://mlflow.example"
    )


def deployed(url: str) -> DeploymentSummary:
    return DeploymentSummary(
        run=RUN,
        pipeline="deployment",
        endpoint=EndpointSummary(url=url, model_version=2),
        replaced=1,
        reason="it is the version in production, as the gate decided",
        who="ada",
        when="2026-11-25T12:00:00+00:00",
        largest_difference=1e-6,
        note=None,
    )


def test_the_endpoints_address_can_be_copied_from_a_narrow_terminal() -> None:
    url = "https://faces.example.org/seldon/faces/face-recognizer"
    text = printed(deployed(url), width=40)
    assert f"endpoint  {url}/api/v1.0/predictions\n" in text


@pytest.mark.parametrize("action", Action)
def test_evidentlys_report_is_offered_if_there_is_one(action: Action) -> None:
    result = DriftResult(DriftVerdict.NONE, "p = 0.5", 1.0, 0.5, 0.01, 20, 12, "moments")
    summary = DriftSummary(
        run=RUN,
        drift=MonitoringResult(result, labelled=0, confidence=None, accuracy=None, version=1),
        damaged=0,
        unmatched_feedback=0,
        quarantined={"implausible": 2, "not_enrolled": 1},
        decision=action,
        reason="Reason",
        retrained=False,
        promoted=False,
        gate=None,
        deployed_version=None,
        metrics={},
        alert=None,
        report="/tmp/page.html",
    )
    text = printed(summary)
    assert "2 implausible, 1 not enrolled" in text
    offered = "python run.py dashboard --evidently" in text
    assert offered == (action in (Action.WAIT, Action.ALERT, Action.RETRAIN))


def test_the_published_schema_is_current() -> None:
    assert SCHEMA.read_text() == summary_schema() + "\n", "run make schema"


@pytest.mark.parametrize("summary", [training(), deployed("http://127.0.0.1:9000")])
def test_summaries_satisfy_the_schema_and_can_be_read_again(summary: Summary) -> None:
    text = summary.model_dump_json()
    jsonschema.validate(json.loads(text), json.loads(summary_schema()))
    assert type(summary).model_validate_json(text) == summary


def test_the_schema_rejects_other_documents() -> None:
    content = json.loads(training().model_dump_json())
    del content["metrics"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, json.loads(summary_schema()))
