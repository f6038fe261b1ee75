"""Run the prediction server: Seldon's REST application under gunicorn, with options of ours.

    python -m serving.server FOLDER

FOLDER holds the server's settings and its model: see serving/settings.py.
"""

import logging
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from serving.settings import TOKEN, ServerSettings, read_settings

CONNECTIONS = 1000


class NullMetrics:
    """Takes the place of Seldon's own metrics, which cost every request 0.2 ms and stay empty."""

    def update(self, *_: Any) -> None:
        """Seldon has nothing to tell here: serving/metrics.py counts."""

    update_reward = update
    clear = update


def main() -> None:
    """Serve until told to stop."""
    folder = Path(sys.argv[1])
    settings = read_settings(folder)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(process)d %(levelname)s %(message)s"
    )
    logging.getLogger("serving").setLevel(logging.INFO)
    os.environ["PAYLOAD_PASSTHROUGH"] = "true"
    os.umask(0o077)
    if settings.workers > 1:
        counted = folder / "metrics"
        shutil.rmtree(counted, ignore_errors=True)
        counted.mkdir()
        os.environ["prometheus_multiproc_dir"] = str(counted)  # noqa: SIM112
    build(settings, os.environ.get(TOKEN)).run()


def build(settings: ServerSettings, token: str | None) -> Any:
    """Seldon's gunicorn application around the model of `settings.folder`."""
    from prometheus_client.multiprocess import mark_process_dead
    from seldon_core.gunicorn_utils import UserModelApplication
    from seldon_core.wrapper import get_rest_microservice

    from serving.app import WSGIApp
    from serving.capture.background import start_housekeeping
    from serving.hot_reload import ModelFollower
    from serving.metrics import Metrics
    from serving.model import FaceModel

    metrics = Metrics()
    model = FaceModel(settings, ModelFollower(Path(settings.folder)), metrics)
    seldon = get_rest_microservice(model, NullMetrics())
    front = WSGIApp(seldon, model, metrics, settings, token)
    options: dict[str, Any] = {
        "bind": f"{settings.host}:{settings.port}",
        "workers": settings.workers,
        "worker_class": "serving.worker.Worker",
        "worker_connections": CONNECTIONS,
        "keepalive": settings.request_timeout_seconds,
        "graceful_timeout": 3,
        "timeout": 30,
        "loglevel": "warning",
        "control_socket_disable": True,
        "worker_exit": lambda server, worker: _exit_worker(model, worker.booted),
        "post_worker_init": lambda worker: start_housekeeping(settings, model),
    }
    if settings.workers > 1:
        options["child_exit"] = lambda server, worker: mark_process_dead(worker.pid)
    return UserModelApplication(front, model, False, None, settings.name, options=options)


def _exit_worker(model: Any, booted: bool) -> None:
    """Close what is open, and leave without Python's tidying up, at which gevent stumbles."""
    if booted:
        if model.capture:
            model.capture.close()
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
