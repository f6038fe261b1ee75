"""The error of a failed run may name a person, in ZenML's records and in log files."""

from pathlib import Path

import numpy as np
import pytest
from zenml import pipeline, step
from zenml.client import Client

from benchmarks.byte_scanner import ByteScanner
from steps.erasure.freed_pages import overwrite_freed_zenml_pages
from store.erasure.deletion import delete_runs_that_mention

NAME = "wilhelmina"


@step
def read_pictures() -> int:
    raise ValueError(f"the picture {NAME}/1.png is damaged")


@step
def draw_faces() -> int:
    return 1


@pipeline(dynamic=True, enable_cache=False)
def failing() -> None:
    read_pictures()


@pipeline(enable_cache=False)
def succeeding() -> None:
    draw_faces()


def test_a_run_whose_error_names_a_person_is_deleted_with_its_logs(zenml_home: Path) -> None:
    from stacks.databases import create_zenml_database

    create_zenml_database()
    scanner = ByteScanner(np.empty((0, 64, 64), np.float32), [NAME])
    run = succeeding()
    assert run is not None
    with pytest.raises(ValueError, match="damaged"):
        failing()
    found = scanner.scan_folders([zenml_home])
    suffixes = {Path(finding.file).suffix.removesuffix("-wal") for finding in found}
    assert suffixes == {".log", ".db"}
    assert delete_runs_that_mention([NAME]) == 1
    overwrite_freed_zenml_pages()
    assert scanner.scan_folders([zenml_home]) == []
    assert Client().get_pipeline_run(run.id).status == "completed"
