from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from cli.summaries import print_deployment, print_training

SUMMARY: dict[str, Any] = {
    "data": {
        "source": "olivetti",
        "version": "abc",
        "subjects": 40,
        "condition": "glasses=no",
        "train": 190,
        "test": 60,
        "drifted": 50,
        "left_out": ["s02", "s06"],
    },
    "metrics": {
        "baseline_accuracy": 0.95,
        "baseline_accuracy_low": 0.9,
        "baseline_accuracy_high": 0.98,
        "baseline_calibration_error": 0.05,
        "drifted_accuracy": None,
        "pca_components": 60,
        "pca_variance": 0.913,
    },
    "model": {
        "name": "face-recognizer",
        "version": "3",
        "stage": "none",
        "promoted": False,
        "reason": "refused: worse",
    },
    "run": {"name": "training-1", "status": "completed", "stack": "local", "tracker": "mlflow ui"},
}


def printed(summary: dict[str, Any], **options: bool) -> str:
    console = Console(file=StringIO(), width=100)
    print_training(summary, console, **options)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_a_person_reads_everything_that_matters() -> None:
    told = printed(SUMMARY)
    for part in (
        "AT&T Laboratories Cambridge (version abc)",
        "38 of 40, too few images: s02, s06",
        "190 training, 60 test, 50 drifted (baseline: glasses=no)",
        "60 components, 91.3% of the variance",
        "0.950 (95 % interval 0.900 to 0.980; calibration error 0.050)",
        "no such images",
        "face-recognizer version 3, stage none",
        "refused: worse",
        "training-1 on stack 'local'",
        "make dashboard",
        "mlflow ui",
    ):
        assert part in told
    assert "SYNTHETIC" not in told


def test_odd_names_and_many_of_them_are_printed() -> None:
    names = ["[bold]ada[/bold]", *(f"p{n}" for n in range(99))]
    told = printed(SUMMARY | {"data": SUMMARY["data"] | {"left_out": names, "subjects": 140}})
    assert "[bold]ada[/bold]" in told
    assert "and 88 more" in " ".join(told.split())


@pytest.mark.parametrize("instead", [True, False])
def test_nobody_can_miss_that_faces_are_synthetic(instead: bool) -> None:
    told = printed(SUMMARY | {"data": SUMMARY["data"] | {"source": "synthetic"}}, instead=instead)
    banner = " ".join(told.split())
    assert banner.startswith("SYNTHETIC FACES")
    assert ("neither cached nor to be downloaded" in banner) is instead
    assert "These people do not exist" in banner


def test_the_trackers_address_can_be_opened() -> None:
    told = printed(SUMMARY | {"run": SUMMARY["run"] | {"tracker": "https://mlflow.example"}})
    assert told.splitlines()[-1].strip() == "https://mlflow.example"


def test_an_endpoints_address_can_be_copied_from_a_narrow_terminal() -> None:
    console = Console(file=StringIO(), width=40)
    url = "https://faces.example.org/seldon/faces/face-recognizer"
    deployed = {
        "endpoint": {"url": url, "model_version": "2"},
        "replaced": "1",
        "largest_difference": 1e-6,
        "note": None,
        "reason": "it is the version in production, as the gate has it",
        "who": "ada",
        "when": "today",
        "run": {"name": "deployment-1", "stack": "gcp"},
    }
    print_deployment(deployed, console)
    told = str(console.file.getvalue())  # type: ignore[attr-defined]
    assert f"endpoint     {url}/api/v1.0/predictions\n" in told
