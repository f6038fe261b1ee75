"""Run a pipeline on a stack and summarize it."""

from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.status import Status
from zenml.client import Client
from zenml.config import DockerSettings
from zenml.enums import ExecutionMode
from zenml.exceptions import StepExecutionException
from zenml.models import PipelineRunResponse
from zenml.pipelines.pipeline_definition import Pipeline

from cli.progress import StepEvents, show_progress
from cli.remote_run import follow_run
from cli.resume import finish_answered_runs
from cli.run_lock import run_lock, single_instance
from cli.shortcuts import take_shortcuts
from cli.stacks import DEFAULT_STACK, select_stack
from components import clouds
from components.deployers.container_images import PIPELINES, image_name
from components.settings import Settings
from components.tracking.base import active_tracker
from pipelines.shared.registry import PipelineModule, load_pipeline
from pipelines.shared.summary import Summary

__all__ = ["DEFAULT_STACK", "run_options", "run_pipeline", "runs_elsewhere", "summarize_run"]

FAIL_FAST = ExecutionMode.FAIL_FAST
"""Where the orchestrator supports it: the step's own error is raised, not 'a step has failed'."""


def run_pipeline(
    name: str, settings: Settings, stack: str | None, cached: bool, console: Console
) -> Summary:
    """Run a pipeline and summarize it.

    Args:
        name: The pipeline.
        settings: Its settings.
        stack: The stack; None for the active one.
        cached: Whether results of earlier runs may be reused.
        console: Where progress is shown.

    Returns:
        The finished summary.

    Raises:
        UserError: If the stack does not exist or is not ready.
        OperationError: If the run fails.
    """
    take_shortcuts()
    with show_progress(console, "preparing …") as status:
        selected = select_stack(stack)
        module = load_pipeline(name)
        status.update(f"starting {name} on stack '{selected.name}' …")
        exclusive = getattr(module, "SINGLE_INSTANCE", False)
        alone = getattr(module, "ALONE", False)
        with single_instance(name, exclusive), run_lock(selected, alone):
            if getattr(module, "CAN_WAIT", False):
                finish_answered_runs(console, status)
            if prepare := getattr(module, "PREPARE", None):
                settings = prepare(settings)
            options = run_options(cached)
            options["run_name"] = StepEvents.run = new_run_name(name)
            if on_failure := getattr(module, "ON_FAILURE", None):
                options["on_failure"] = on_failure
            choose = getattr(module, "choose_pipeline", None)
            define: Pipeline = choose(settings) if choose else getattr(module, name)
            run = _run(define.with_options(**options), settings, console, status)
    return summarize_run(module, run, selected.name).finish(settings)


def summarize_run(module: PipelineModule, run: PipelineRunResponse, stack: str) -> Summary:
    """Summarize a run, with its stack and how to open the experiment tracker.

    Args:
        module: The module of the run's pipeline.
        run: A run that succeeded, or that waits for an approval.
        stack: Name of its stack, which is active.

    Returns:
        The summary, before `finish`.
    """
    summary = module.summarize(run)
    info = summary.run.model_copy(update={"stack": stack, "tracker": active_tracker().ui_hint()})
    return summary.model_copy(update={"run": info})


def new_run_name(pipeline: str) -> str:
    """Return the name of a run that begins now, in ZenML's form.

    Args:
        pipeline: The pipeline.
    """
    return f"{pipeline}-{datetime.now(UTC):%Y_%m_%d-%H_%M_%S_%f}"


def runs_elsewhere() -> bool:
    """Return whether the active stack's steps run on other machines."""
    return not Client().active_stack.orchestrator.config.is_local


def run_options(cached: bool) -> dict[str, Any]:
    """Return how a pipeline runs on the active stack: caching, failures, container image.

    Args:
        cached: Whether results of earlier runs may be reused.
    """
    stack = Client().active_stack
    options: dict[str, Any] = {} if cached else {"enable_cache": False}
    if FAIL_FAST in stack.orchestrator.supported_execution_modes:
        options["execution_mode"] = FAIL_FAST
    if stack.container_registry is not None:
        image = image_name(stack.container_registry.config.uri, PIPELINES)
        options["settings"] = {"docker": DockerSettings(parent_image=image, skip_build=True)}
    return options


def _run(
    pipeline: Pipeline,
    settings: Settings,
    console: Console,
    status: Status,
) -> PipelineRunResponse:
    elsewhere = runs_elsewhere()
    if elsewhere:
        settings.check_data_reachable(Client().active_stack.artifact_store.path)
    try:
        run = pipeline(settings=settings)
        assert run is not None, "pipelines of this project are neither scheduled nor skipped here"
        return follow_run(run, console, status) if elsewhere else run
    except StepExecutionException as error:
        # ZenML wraps the error of a mapped step.
        raise error.original_exception or error from error
    except Exception as error:
        if elsewhere and (translated := clouds.translate_error(error)):
            raise translated from error
        raise
