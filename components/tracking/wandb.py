"""Weights & Biases: runs and artifacts. ZenML's Model Control Plane is the model registry.

With WANDB_MODE=offline it needs neither an account nor a network: runs are kept as files on this
machine, which `wandb sync` uploads later.
"""

import io
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration

from components.checks import Check, CheckFailed, Component, Packages
from components.tracking.base import Scalar, TrackedRun, Tracker, TrainingRecord
from faces import NAME
from faces.runtime.portable import write_portable

if TYPE_CHECKING:
    from wandb import Run
    from zenml.integrations.wandb.experiment_trackers import WandbExperimentTracker

NO_KEY = "offline"
"""The API key in stacks/local-wandb.yaml if none is configured."""

OFFLINE_MODES = ("offline", "dryrun")
FOLDERS = ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR")
"""Environment variables that say where W&B keeps files on this machine."""


class WandbTracker:
    """See `components.tracking.base.Tracker`."""

    packages = Packages(("wandb", "weave"), "make setup-wandb")
    needs_model_registry = False

    def prepare(self) -> None:
        """Keep W&B's files beside those of ZenML's local components. See Tracker."""
        folder = Path(GlobalConfiguration().local_stores_path) / "wandb"
        folder.mkdir(parents=True, exist_ok=True)
        for variable in FOLDERS:
            os.environ.setdefault(variable, str(folder))

    def checks_for(self, component: Component) -> Iterator[Check]:
        """See Tracker."""
        key = str(component.configuration.get("api_key", NO_KEY))
        yield Check("W&B", lambda: _check_key(key), before_runs=True)

    def log_training(self, record: TrainingRecord) -> TrackedRun:
        """Log a training; W&B has no registry in ZenML, so no version. See Tracker."""
        run = _active_run()
        run.name, run.notes = record.name, record.description
        data = {"dataset": asdict(record.data)}
        run.config.update({**record.params, **record.tags, **data})  # type: ignore[no-untyped-call]
        run.summary.update(dict(record.metrics))
        run.log(
            {
                Path(name).with_suffix("").as_posix(): _as_media(name, content)
                for name, content in record.files.items()
            }
        )
        _log_model(run, record)
        return TrackedRun(run.id, None)

    def finished_trials(self, study: str) -> dict[str, dict[str, float]]:
        """Return {} in offline mode, where nothing can be looked up. See Tracker."""
        import wandb

        run = _active_run()
        if run.offline:
            return {}
        filters = {"group": study, "state": "finished"}
        trials = wandb.Api().runs(f"{run.entity}/{run.project}", filters=filters)
        return {trial.config["trial"]: _metrics_of(trial.summary) for trial in trials}

    def log_trial(
        self,
        study: str,
        key: str,
        name: str,
        params: Mapping[str, Scalar],
        metrics: Mapping[str, float],
    ) -> None:
        """See Tracker."""
        import wandb

        parent = _active_run()
        with wandb.init(
            entity=parent.entity or None,
            project=parent.project,
            group=study,
            job_type="trial",
            name=name,
            config={**params, "trial": key},
            reinit="create_new",
        ) as trial:
            trial.summary.update(dict(metrics))

    def set_champion(self, registry_version: str) -> None:
        """Do nothing, since W&B has no model registry in ZenML. See Tracker."""

    def delete_trainings(self, data_versions: Collection[str]) -> int:
        """Delete runs of the project, or on this machine in offline mode. See Tracker."""
        self.prepare()
        if _is_offline():
            return _delete_offline_runs(data_versions)
        import wandb

        tracker: WandbExperimentTracker = Client().active_stack.experiment_tracker  # type: ignore[assignment]
        owner = tracker.config.entity or wandb.Api().default_entity
        path = f"{owner}/{tracker.config.project_name}"
        filters = {"config.data_version": {"$in": list(data_versions)}}
        runs = list(wandb.Api().runs(path, filters=filters))
        for run in runs:
            run.delete(delete_artifacts=True)
        return len(runs)

    def ui_hint(self) -> str | None:
        """Return the project's page, or the command that uploads offline runs. See Tracker."""
        if _is_offline():
            return f"wandb sync {os.environ.get('WANDB_DIR', '.')}/wandb/offline-run-*"
        tracker: WandbExperimentTracker = Client().active_stack.experiment_tracker  # type: ignore[assignment]
        address = os.environ.get("WANDB_BASE_URL", "https://wandb.ai").rstrip("/")
        owner = tracker.config.entity or os.environ.get("WANDB_ENTITY")
        return f"{address}/{owner}/{tracker.config.project_name}" if owner else address


def _is_offline() -> bool:
    return os.environ.get("WANDB_MODE") in OFFLINE_MODES


def _delete_offline_runs(data_versions: Collection[str]) -> int:
    """Delete the folders of runs that mention a data version, and W&B's copies of models."""
    needles = [version.encode() for version in data_versions]
    count = 0
    for run in Path(os.environ["WANDB_DIR"]).glob("wandb/offline-run-*"):
        contents = (file.read_bytes() for file in run.rglob("*") if file.is_file())
        if any(needle in content for content in contents for needle in needles):
            shutil.rmtree(run)
            count += 1
    for variable in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR"):
        for folder in Path(os.environ[variable]).glob("**/artifacts"):
            shutil.rmtree(folder, ignore_errors=True)
    return count


def _check_key(key: str) -> str:
    if _is_offline():
        return "offline mode: runs are kept on this machine"
    if key == NO_KEY:
        raise CheckFailed(
            "there is no API key, and W&B is not in offline mode",
            "export WANDB_MODE=offline, or see stacks/local-wandb.yaml for how to configure a key",
        )
    return "an API key is configured"


def _active_run() -> "Run":
    import wandb

    assert wandb.run is not None, "ZenML starts a run for steps with experiment_tracker=…"
    return wandb.run


def _as_media(name: str, content: bytes | str) -> Any:
    """Wrap a file's content in the W&B type that shows it: a picture, a table or a page."""
    import pandas as pd
    import wandb
    from PIL import Image

    data = content if isinstance(content, bytes) else content.encode()
    match Path(name).suffix:
        case ".png":
            return wandb.Image(Image.open(io.BytesIO(data)))
        case ".csv":
            return wandb.Table(dataframe=pd.read_csv(io.BytesIO(data)))
        case _:
            return wandb.Html(data.decode(), inject=False)


def _log_model(run: "Run", record: TrainingRecord) -> None:
    """Log the portable model as an artifact."""
    import wandb

    artifact = wandb.Artifact(
        NAME, type="model", description=record.description, metadata=dict(record.tags)
    )
    with artifact.new_file("model.npz", mode="wb") as file:
        file.write(write_portable(record.model))
    run.log_artifact(artifact)


def _metrics_of(summary: Mapping[str, Any]) -> dict[str, float]:
    """Leave out what W&B itself adds to a run's summary: names with a leading underscore."""
    numbers = {name: value for name, value in summary.items() if not name.startswith("_")}
    return {name: float(v) for name, v in numbers.items() if isinstance(v, int | float)}


TRACKER: Tracker = WandbTracker()
