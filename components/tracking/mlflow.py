"""MLflow: runs, and its model registry."""

import json
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING

from zenml import get_step_context
from zenml.client import Client
from zenml.enums import StackComponentType
from zenml.model_registries.base_model_registry import ModelVersionStage

from components.checks import TIMEOUT_SECONDS, Check, CheckFailed, Component, Packages
from components.sqlite import SQLITE, complete_creation, is_complete
from components.tracking.base import Scalar, TrackedRun, Tracker, TrainingData, TrainingRecord
from components.tracking.mlflow_webhook import CHAMPION
from faces import NAME, runtime
from faces.errors import UserError
from faces.runtime import mlflow_loader
from faces.runtime.portable import write_portable

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput
    from mlflow.models.model import ModelInfo

RUNTIME = Path(runtime.__file__).parent
DATABASE = "mlflow.db"
MAX_TRIALS = 5000
MAX_NAME_LENGTH = 200
START_TIMEOUT_SECONDS = 60.0
"""Seconds that a server may take to respond that has to start, as on Cloud Run after a pause."""


class MLflowTracker:
    """See `components.tracking.base.Tracker`."""

    packages = Packages(("mlflow", "rapidjson"), "make setup")
    needs_model_registry = True

    def tracking_uri(self) -> str:
        """Return where the active stack's runs are: a server's URL or a database.

        Raises:
            UserError: If the stack needs a server and does not name one.
        """
        components = Client().active_stack_model.components
        tracker = components[StackComponentType.EXPERIMENT_TRACKER][0]
        if address := tracker.configuration.get("tracking_uri"):
            return str(address)
        # ZenML's default. Its tracker knows it too, but imports MLflow.
        folder = Client().active_stack.artifact_store.path
        if "://" in folder:
            raise UserError(
                f"MLflow on {folder} needs a server: set tracking_uri of '{tracker.name}'"
            )
        return f"{SQLITE}{Path(folder).absolute() / DATABASE}"

    def prepare(self) -> None:
        """Create MLflow's database, if it is a local file. See Tracker."""
        address = self.tracking_uri()
        if address.startswith(SQLITE) and not is_complete(address):
            from mlflow import MlflowClient

            with complete_creation(address):
                MlflowClient(tracking_uri=address).search_experiments()

    def checks_for(self, component: Component) -> Iterator[Check]:
        """See Tracker."""
        address = str(component.configuration.get("tracking_uri") or "")
        if address.startswith("http"):
            yield Check("MLflow server", lambda: _check_server(address), before_runs=True)

    def log_training(self, record: TrainingRecord) -> TrackedRun:
        """See Tracker."""
        import mlflow

        mlflow.log_params(dict(record.params))
        mlflow.set_tags(dict(record.tags))
        _log_files(record.files)
        logged = _log_model(record)
        # Logged before the model, MLflow would ask its server for the history of each metric.
        mlflow.log_metrics(dict(record.metrics), model_id=logged.model_id)
        version, client = _register(logged, record), mlflow.MlflowClient()
        client.log_inputs(logged.run_id, [_dataset(record.data)])
        # Renamed last: ZenML finds the run by its first name, the pipeline run's.
        name = f"{record.name}, version {version}"[:MAX_NAME_LENGTH]
        client.update_run(logged.run_id, name=name)
        return TrackedRun(str(logged.run_id), version)

    def finished_trials(self, study: str) -> dict[str, dict[str, float]]:
        """See Tracker."""
        import mlflow

        run = mlflow.active_run()
        assert run is not None
        trials = mlflow.MlflowClient().search_runs(
            [run.info.experiment_id],
            f"tags.study = '{study}' and attributes.status = 'FINISHED'",
            max_results=MAX_TRIALS,
        )
        return {trial.data.tags["trial"]: dict(trial.data.metrics) for trial in trials}

    def log_trial(
        self,
        study: str,
        key: str,
        name: str,
        params: Mapping[str, Scalar],
        metrics: Mapping[str, float],
    ) -> None:
        """See Tracker."""
        import mlflow

        with mlflow.start_run(run_name=name[:MAX_NAME_LENGTH], nested=True):
            mlflow.log_params(dict(params))
            mlflow.log_metrics(dict(metrics))
            mlflow.set_tags({"study": study, "trial": key})

    def set_champion(self, registry_version: str) -> None:
        """Give the version the alias 'champion', as ZenML does in production. See Tracker."""
        stack = Client().active_stack
        registry, tracker = stack.model_registry, stack.experiment_tracker
        assert registry is not None
        # The registry requires an MLflow tracker, and cli/shortcuts.py makes it one on first use.
        tracker.configure_mlflow()  # type: ignore[union-attr]
        registry.update_model_version(
            name=NAME, version=registry_version, stage=ModelVersionStage.PRODUCTION
        )

    def champion(self) -> str | None:
        """Return the registry's version with the alias 'champion'; None if there is none."""
        from mlflow import MlflowClient

        address = self.tracking_uri()
        if not address.startswith(SQLITE):
            Client().active_stack.experiment_tracker.configure_mlflow()  # type: ignore[union-attr]
        client = MlflowClient(tracking_uri=address, registry_uri=address)
        for model in client.search_registered_models(f"name = '{NAME}'"):
            if CHAMPION in model.aliases:
                return str(model.aliases[CHAMPION])  # a number, if it comes from a database
        return None

    def delete_trainings(self, data_versions: Collection[str]) -> int:
        """Delete them; a server's operator deletes the rows, without files. See Tracker."""
        from components.tracking import mlflow_deletion

        if not self.tracking_uri().startswith(SQLITE):
            Client().active_stack.experiment_tracker.configure_mlflow()  # type: ignore[union-attr]
        return mlflow_deletion.delete_trainings(self.tracking_uri(), data_versions)

    def ui_hint(self) -> str | None:
        """Return a server's address, or the command that opens a local database. See Tracker."""
        address = self.tracking_uri()
        if address.startswith("http"):
            return address
        mlflow = "mlflow" if shutil.which("mlflow") else Path(sys.executable).with_name("mlflow")
        return f"{mlflow} ui --backend-store-uri {address}"


def _check_server(address: str) -> str:
    import requests

    try:
        timeout = (TIMEOUT_SECONDS, START_TIMEOUT_SECONDS)
        response = requests.get(f"{address.rstrip('/')}/health", timeout=timeout)
    except requests.RequestException as error:
        raise CheckFailed(
            f"{address} does not respond: {type(error).__name__}",
            "start it, or set MLFLOW_TRACKING_URI to its address",
        ) from error
    if not response.ok:
        raise CheckFailed(
            f"{address} responded with status {response.status_code}",
            "is it an MLflow server, and is MLFLOW_TRACKING_URI right?",
        )
    return f"{address} is healthy"


def _log_files(files: Mapping[str, bytes | str]) -> None:
    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            file = Path(folder) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        mlflow.log_artifacts(folder)


def _dataset(data: TrainingData) -> "DatasetInput":
    """Describe the data: source, version, credit, and the counts as its profile."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    # "code" is the type of a source that has tags instead of an address.
    dataset = Dataset(
        name=data.source,
        digest=data.version,
        source_type="code",
        source=json.dumps({"tags": {"credit": data.credit}}),
        profile=json.dumps(dict(data.counts)),
    )
    return DatasetInput(dataset, tags=[InputTag("mlflow.data.context", "training")])


def _log_model(record: TrainingRecord) -> "ModelInfo":
    """Log the portable model, with the code that loads it: numpy is all that it needs."""
    import mlflow.pyfunc
    from mlflow.models import infer_signature

    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "faces"
        shutil.copytree(RUNTIME, package / "runtime", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(RUNTIME.parent / "__init__.py", package)
        file = Path(folder) / "model.npz"
        file.write_bytes(write_portable(record.model))
        probabilities = record.model.predict_proba(record.example)
        logged: ModelInfo = mlflow.pyfunc.log_model(
            name="model",
            loader_module=mlflow_loader.__name__,
            data_path=str(file),
            code_paths=[str(package)],
            signature=infer_signature(record.example, probabilities),
            pip_requirements=[f"numpy=={installed('numpy')}"],
        )
    return logged


def _register(logged: "ModelInfo", record: TrainingRecord) -> str:
    """Create the model's version in MLflow's registry.

    With MLflow's own client: ZenML's call omits the id of the logged model, which an MLflow server
    requires.

    Returns:
        The version's number in the registry.

    Raises:
        MlflowException: If the registry refuses.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client, context = MlflowClient(), get_step_context()
    try:
        client.create_registered_model(NAME)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    version = client.create_model_version(
        NAME,
        logged.model_uri,
        run_id=logged.run_id,
        model_id=logged.model_id,
        description=record.description,
        tags={
            "zenml_pipeline_name": context.pipeline.name,
            "zenml_run_name": context.pipeline_run.name,
            **record.tags,
        },
    )
    return str(version.version)


TRACKER: Tracker = MLflowTracker()
