"""Run the prediction server: Seldon's REST application under gunicorn.

    python -m serving.server FOLDER

FOLDER holds the server's settings and its model: see serving/settings.py.
"""

import ctypes
import logging
import os
import resource
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.log_format import JSON, format_logs_as_json, gunicorn_logger
from serving.process_lock import acquire
from serving.settings import ServerSettings, read_settings
from serving.tokens import Tokens, read_tokens

if TYPE_CHECKING:
    from serving.model import FaceModel

METRICS_FOLDER = "metrics"
MALLOC_OPTIONS = {-1: 16 << 20, -3: 4 << 20}
"""Of the C library: M_TRIM_THRESHOLD and M_MMAP_THRESHOLD."""

GRACEFUL_TIMEOUT_SECONDS, WORKER_TIMEOUT_SECONDS = 3, 30


class NullMetrics:
    """Replaces Seldon's own metrics, which cost each request 0.2 ms: see serving/metrics.py."""

    def update(self, *_: Any) -> None:
        """Do nothing."""

    update_reward = update
    clear = update


def main() -> None:
    """Serve until the process is stopped."""
    folder = Path(sys.argv[1])
    settings = read_settings(folder)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(process)d %(levelname)s %(message)s"
    )
    if settings.log_format == JSON:
        format_logs_as_json()
    logging.getLogger("serving").setLevel(logging.INFO)
    # Seldon's application logs the messages of refused requests.
    logging.getLogger("seldon_core").setLevel(logging.CRITICAL)
    os.environ["PAYLOAD_PASSTHROUGH"] = "true"
    os.umask(0o077)
    try:
        acquire(folder)
    except TimeoutError as error:
        sys.exit(str(error))
    _raise_file_limit()
    if settings.workers > 1:
        shared = folder / METRICS_FOLDER
        shutil.rmtree(shared, ignore_errors=True)
        shared.mkdir()
        os.environ["prometheus_multiproc_dir"] = str(shared)  # noqa: SIM112
    build(settings, read_tokens(os.environ)).run()


def build(settings: ServerSettings, tokens: Tokens | None) -> Any:
    """Build the gunicorn application.

    Seldon and Prometheus read environment variables when they are imported, so everything that
    needs them is imported here, after `main` has set the variables.

    Args:
        settings: The server's settings.
        tokens: The bearer tokens of clients; None if the server is open to all.

    Returns:
        Seldon's `UserModelApplication`, ready to run.
    """
    from seldon_core.gunicorn_utils import UserModelApplication
    from seldon_core.wrapper import get_rest_microservice

    from serving.app import WSGIApp
    from serving.hot_reload import ModelFollower
    from serving.metrics import Metrics
    from serving.model import FaceModel
    from serving.worker import has_others, let_others_proceed

    _keep_freed_memory()
    metrics = Metrics()
    follower = ModelFollower(Path(settings.folder), settings.public_key)
    model = FaceModel(settings, follower, metrics, has_others, let_others_proceed)
    seldon = get_rest_microservice(model, NullMetrics())
    app = WSGIApp(seldon, model, metrics, settings, tokens)
    options = gunicorn_options(settings, model)
    return UserModelApplication(app, model, False, None, settings.name, options=options)


def gunicorn_options(settings: ServerSettings, model: "FaceModel") -> dict[str, Any]:
    """Return the options of gunicorn for a server's settings.

    Args:
        settings: The server's settings.
        model: Its capture file is maintained while a worker runs, and closed when it exits.
    """
    from serving.capture.background import start_maintenance
    from serving.worker import MAX_CONNECTIONS, Worker
    from serving.worker_metrics import merge_ended_worker

    options: dict[str, Any] = {
        "bind": settings.address,
        "workers": settings.workers,
        "worker_class": Worker,
        # The worker ends the oldest connections above its limit; it must be able to accept more.
        "worker_connections": 2 * MAX_CONNECTIONS,
        "keepalive": settings.request_timeout_seconds,
        "graceful_timeout": GRACEFUL_TIMEOUT_SECONDS,
        "timeout": WORKER_TIMEOUT_SECONDS,
        "loglevel": "warning",
        "control_socket_disable": True,
        "worker_exit": lambda _, worker: _exit_worker(model, worker.booted),
        "post_worker_init": lambda _: start_maintenance(settings, model),
    }
    if settings.log_format == JSON:
        options["logger_class"] = gunicorn_logger()
    if settings.workers > 1:
        shared = Path(settings.folder) / METRICS_FOLDER
        options["child_exit"] = lambda _, worker: merge_ended_worker(shared, worker.pid)
    return options


def _keep_freed_memory() -> None:
    """Keep some megabytes that were freed; to return them and ask again would cost each request."""
    with suppress(AttributeError):  # not the GNU C library
        for option, size in MALLOC_OPTIONS.items():
            ctypes.CDLL(None).mallopt(option, size)


def _raise_file_limit() -> None:
    """Allow as many open files as the system does: each connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _exit_worker(model: "FaceModel", booted: bool) -> None:
    """Close the capture file, and exit without Python's finalisation, which gevent can hang."""
    if booted:
        if model.capture:
            model.capture.close()
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
