"""Make the tutorial's screenshots, from faces of people who do not exist.

    python -m scripts.documentation.screenshots docs      # three minutes; needs Chromium

It runs the tutorial's loop in a temporary ZenML configuration, and opens the ZenML dashboard,
MLflow and the timeline.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from scripts.app_screenshots import START_TIMEOUT_SECONDS, free_port, run, save
from scripts.chromium import chromium
from scripts.chromium_page import Page

PIPELINES = (
    "training --data synthetic",
    "deployment --config {config}",
    "traffic --condition yaw=frontal --requests 60",
    "drift_detection",
    "traffic --condition yaw=left,right --requests 40",
    "drift_detection",
    "history --page {history}",
)
USER: dict[str, Any] = {
    "full_name": "Ada",
    "email_opted_in": False,
    "user_metadata": {"finished_onboarding_survey": True, "usage_reason": "exploring"},
}
"""What the dashboard asks for on the first visit."""

CLICK = """(() => {
  const found = [...document.querySelectorAll(SELECTOR)].filter(
    (e) => e.innerText.trim().startsWith(TEXT) && e.getClientRects().length).pop();
  (found?.querySelector('button') ?? found)?.click();
  return Boolean(found);
})()"""
"""Click the last element that begins with a text, also outside of the window."""


def main() -> None:
    """Make the screenshots."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where to write them")
    folder: Path = parser.parse_args().folder
    with TemporaryDirectory() as name:
        root = Path(name)
        environment = {**os.environ, "ZENML_CONFIG_PATH": str(root / "zenml"), "BROWSER": "true"}
        files = {"config": root / "deployment.yaml", "history": root / "history.html"}
        files["config"].write_text(f"endpoint: {{port: {free_port()}}}\n")
        try:
            for pipeline in PIPELINES:
                run(environment, "--pipeline", *pipeline.format(**files).split())
        finally:
            run(environment, "endpoint", "--stop")
        with (
            servers(environment) as (dashboard, mlflow),
            chromium() as browser,
            browser.page() as page,
        ):
            take_screenshots(page, dashboard, mlflow, files["history"], folder)


@contextmanager
def servers(environment: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Run the ZenML dashboard and MLflow within the block.

    Args:
        environment: Environment variables, with the ZenML configuration.

    Yields:
        Their addresses.
    """
    ports = free_port(), free_port()
    dashboard, mlflow = (f"http://127.0.0.1:{port}" for port in ports)
    (database,) = Path(environment["ZENML_CONFIG_PATH"]).glob("local_stores/*/mlflow.db")
    command = [
        sys.executable, "-m", "mlflow", "server", "--port", str(ports[1]), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{database}",
    ]  # fmt: skip
    run(environment, "dashboard", "--port", str(ports[0]))
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(f"{mlflow}/health")
            yield dashboard, mlflow
        finally:
            process.terminate()
            run(environment, "dashboard", "--stop")


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise TimeoutError(f"{url} did not respond in time")


def take_screenshots(page: Page, dashboard: str, mlflow: str, history: Path, folder: Path) -> None:
    """Visit the pages as the tutorial says, and write pictures of them.

    Args:
        page: A tab.
        dashboard: Address of the ZenML dashboard.
        mlflow: Address of MLflow.
        history: The timeline's page.
        folder: Where to write them.
    """
    page.emulate(1200, 800)
    requests.put(f"{dashboard}/api/v1/current-user", json=USER, timeout=30).raise_for_status()
    open_run(page, dashboard, "training")
    save(page, folder / "tutorial_run.webp")
    open_artifact(page, "plots")
    save(page, folder / "tutorial_plots.webp")
    open_run(page, dashboard, "drift_detection")
    open_artifact(page, "drift_report")
    save(page, folder / "tutorial_drift.webp")
    page.open(f"{mlflow}/#/models/face-recognizer")
    page.wait_for_text("champion")
    save(page, folder / "tutorial_mlflow.webp")
    page.open(history.as_uri())
    save(page, folder / "tutorial_history.webp")


def open_run(page: Page, dashboard: str, pipeline: str) -> None:
    """Open the latest run of a pipeline in the dashboard.

    Args:
        page: A tab.
        dashboard: The dashboard's address.
        pipeline: The pipeline's name.
    """
    query = {"pipeline_name": pipeline, "sort_by": "desc:created", "size": "1"}
    found = requests.get(f"{dashboard}/api/v1/runs", params=query, timeout=30).json()["items"]
    page.open(f"{dashboard}/projects/default/runs/{found[0]['id']}")
    page.wait_for("document.querySelectorAll('.react-flow__node').length > 1")
    with_notice = "document.querySelector('[aria-label=\"Dismiss local-server notice\"]')"
    page.evaluate(f"{with_notice}?.click()")
    time.sleep(1)
    page.evaluate("document.querySelector('[aria-label=\"Fit view\"]').click()")  # draws all nodes


def open_artifact(page: Page, name: str) -> None:
    """Open an artifact of the run that is open, and load its visualization.

    Args:
        page: A tab.
        name: The artifact's name.
    """
    for selector, text in (
        (".react-flow__node", f"{name}\n"),
        ("[role=tab]", "Visualization"),
        ("button", "Load Preview"),
    ):
        click = CLICK.replace("SELECTOR", json.dumps(selector))
        page.wait_for(click.replace("TEXT", json.dumps(text)))
    page.wait_for("Boolean(document.querySelector('[role=dialog] :is(iframe, img)'))")


if __name__ == "__main__":
    main()
