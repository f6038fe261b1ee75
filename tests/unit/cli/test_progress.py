import json
import logging
from io import StringIO

import pytest
from rich.console import Console

from cli.console import make_console
from cli.exit_codes import exit_code
from cli.progress import StepEvents, show_progress
from faces.errors import UserError


def shown() -> str:
    console = Console(file=StringIO(), width=80)
    terminal = logging.StreamHandler(console.file)
    root = logging.getLogger()
    previous = root.handlers
    root.handlers = [terminal]
    logger = logging.getLogger("zenml.somewhere")
    logger.setLevel(logging.INFO)
    try:
        with show_progress(console, "preparing …"):
            logger.warning("A wall of text.")
            logger.info("Step `fit_features` has started.")
            logger.info("Step `fit_features` has finished in `0.402s`.")
            logger.info("Using cached version of step `load_faces`.")
            logger.info("Step `map:load_shard:3` has finished in `1.5s`.")
        assert root.handlers == [terminal]
    finally:
        root.handlers = previous
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_googles_libraries_find_a_handler_and_do_not_print(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a StreamHandler in their parents they add one, and do not propagate to the root."""
    monkeypatch.delenv("ZENML_LOGGING_VERBOSITY", raising=False)
    google = logging.getLogger("google")
    monkeypatch.setattr(google, "handlers", [])
    monkeypatch.setattr(google, "propagate", False)
    with show_progress(Console(file=StringIO()), "preparing …"):
        assert any(isinstance(handler, logging.StreamHandler) for handler in google.handlers)
        logging.getLogger("google.cloud.aiplatform.jobs").error("a wall of text")
    assert "wall" not in "".join(capsys.readouterr())


def test_one_line_per_step_and_no_framework_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZENML_LOGGING_VERBOSITY", raising=False)
    lines = ["  ✓ fit features 0.402s", "  ✓ load faces cached", "  ✓ load shard 3 1.5s"]
    assert shown().splitlines() == lines


def test_zenmls_own_lines_are_shown_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENML_LOGGING_VERBOSITY", "INFO")
    assert "A wall of text." in shown()
    assert "✓" not in shown()


def test_log_lines_are_json_with_run_and_step_on_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ZENML_LOGGING_VERBOSITY", raising=False)
    monkeypatch.setenv("FACES_LOG_FORMAT", "json")
    monkeypatch.setattr(StepEvents, "run", "training-1")
    assert shown() == ""
    entries = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {entry["run"] for entry in entries} == {"training-1"}
    events = [entry.get("event") for entry in entries]
    assert events == [None, "started", "finished", "cached", "finished"]
    assert (entries[2]["step"], entries[2]["duration"]) == ("fit_features", "0.402s")
    assert entries[0]["message"] == "A wall of text."


def test_errors_are_json_on_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise UserError("no such thing")

    monkeypatch.setenv("FACES_LOG_FORMAT", "json")
    assert exit_code(fail) == 2
    assert json.loads(capsys.readouterr().err) == {"level": "error", "message": "no such thing"}
    assert make_console(stderr=True).quiet
