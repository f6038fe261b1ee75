import logging
from io import StringIO

import pytest
from rich.console import Console

from cli.progress import show_progress


def shown() -> str:
    console = Console(file=StringIO(), width=80)
    terminal = logging.StreamHandler(console.file)
    root = logging.getLogger()
    former = root.handlers
    root.handlers = [terminal]
    logger = logging.getLogger("zenml.somewhere")
    logger.setLevel(logging.INFO)
    try:
        with show_progress(console, "getting ready …"):
            logger.warning("A wall of text.")
            logger.info("Step `fit_pca` has started.")
            logger.info("Step `fit_pca` has finished in `0.402s`.")
            logger.info("Using cached version of step `load_faces`.")
        assert root.handlers == [terminal]
    finally:
        root.handlers = former
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_googles_libraries_find_a_handler_and_add_none_that_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They add one where no logger above has a StreamHandler, and do not tell the root."""
    monkeypatch.delenv("ZENML_LOGGING_VERBOSITY", raising=False)
    google = logging.getLogger("google")
    monkeypatch.setattr(google, "handlers", [])
    monkeypatch.setattr(google, "propagate", False)
    with show_progress(Console(file=StringIO()), "getting ready …"):
        assert any(isinstance(handler, logging.StreamHandler) for handler in google.handlers)
        logging.getLogger("google.cloud.aiplatform.jobs").error("a wall of text")
    assert "wall" not in "".join(capsys.readouterr())


def test_a_line_a_step_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZENML_LOGGING_VERBOSITY", raising=False)
    assert shown().splitlines() == ["  ✓ fit PCA 0.402s", "  ✓ load faces as before"]


def test_who_asks_for_zenmls_lines_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENML_LOGGING_VERBOSITY", "INFO")
    assert "A wall of text." in shown()
    assert "✓" not in shown()
