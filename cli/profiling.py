"""Profile a run: sample its stack, and store the result as an artifact."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cli.flame_graph import Call, profile_files
from cli.runtime_env import ROOT
from faces.errors import UserError
from pipelines.shared.summary import Summary

if TYPE_CHECKING:
    from pyinstrument.frame import Frame

INTERVAL_SECONDS = 0.001
ARTIFACT = "profile"


def run_profiled(run: Callable[[], Summary], stack: str | None) -> tuple[Summary, str]:
    """Run a pipeline while its stack is sampled.

    Args:
        run: Runs it in this process.
        stack: The stack; None for the active one.

    Returns:
        The run's summary, and the path or URI of the profile's page.

    Raises:
        UserError: If the profiler is not installed, or the steps run elsewhere.
    """
    if find_spec("pyinstrument") is None:
        raise UserError("--profile needs the package pyinstrument: make setup")
    from pyinstrument import Profiler

    from cli.runner import runs_elsewhere
    from cli.shortcuts import take_shortcuts
    from cli.stacks import select_stack

    take_shortcuts()
    if select_stack(stack) and runs_elsewhere():
        raise UserError("--profile: the steps of this stack run on other machines: --stack local")
    profiler = Profiler(interval=INTERVAL_SECONDS, async_mode="disabled")
    with profiler:
        summary = run()
    assert profiler.last_session is not None
    root = profiler.last_session.root_frame()
    assert root is not None
    return summary, _store(summary, _convert(root))


def _store(summary: Summary, root: Call) -> str:
    """Store a profile as an artifact, which the run's metadata name."""
    from zenml import log_metadata, save_artifact

    from store.materializers.documents import Page, PageMaterializer

    page = Page(profile_files(f"Profile of {summary.run.name}", root))
    stored = save_artifact(page, ARTIFACT, materializer=PageMaterializer)
    values = {"artifact": str(stored.id), "seconds": round(root.seconds, 3)}
    log_metadata(metadata={ARTIFACT: values}, run_id_name_or_prefix=summary.run.id)
    return f"{stored.uri}/page.html"


def _convert(frame: "Frame") -> Call:
    place = str(frame.file_path or "")
    return Call(
        frame.function,
        frame.file_path_short or place,
        frame.time,
        tuple(_convert(child) for child in frame.children if not child.is_synthetic),
        own=place.startswith(ROOT) and ".venv" not in Path(place).parts,
    )
