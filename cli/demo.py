"""Run the whole loop on this machine: train, serve, canary releases, drift, a covered lens.

It takes three minutes, uses an isolated ZenML configuration and port, and leaves only demo.html.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.console import make_console
from cli.demo_data import Drift, simulated_drift
from cli.exit_codes import exit_code
from cli.runtime_env import ROOT, set_defaults, silence_framework_logs
from cli.subcommand import make_parser
from faces.data.sources import is_synthetic
from faces.data.traffic import TrafficSummary
from faces.errors import OperationError
from pipelines.shared.drift_summary import DriftSummary, describe_canary
from pipelines.shared.output_file import check_output_file
from pipelines.shared.training_summary import TrainingSummary
from pipelines.traffic import TrafficRunSummary

EXAMPLES = """\
examples:
  python run.py demo
  python run.py demo --data synthetic
  python run.py demo --data path/to/people --requests 120
"""

PAGE = Path("demo.html").absolute()
BASELINE = ("--condition", "baseline")
CANARY = "rollout: canary\ncanary: {share: 0.5, margin: 0.15}\n"
"""The demo sends few faces, so half of the requests test the candidate, and 15 points suffice."""

COVERED = 10
"""Images of a covered lens: five are enough for a report."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo, then print accuracy and failures over time.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`.
    """
    parser = make_parser("demo", __doc__, EXAMPLES)
    parser.add_argument("--data", default="auto", metavar="SOURCE", help="as --data of training")
    parser.add_argument(
        "--requests", type=int, default=60, metavar="N", help="per round of traffic"
    )
    parser.add_argument("--port", type=int, default=9010, help="port of the endpoint")
    args = parser.parse_args(arguments)
    set_defaults()
    console = make_console()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ZENML_CONFIG_PATH"] = folder
        demo = Demo(Path(folder), console, args.requests)
        try:
            return exit_code(lambda: demo.run(args.data, args.port))
        finally:
            stop_server()


class Demo:
    """The pipelines of the demo, and the traffic results for the table at the end."""

    def __init__(self, folder: Path, console: Console, requests: int) -> None:
        self.folder, self.console, self.requests = folder, console, requests
        self.sent: list[tuple[str, TrafficSummary]] = []

    def run(self, data: str, port: int) -> None:
        """Run all pipelines in order.

        Args:
            data: The data source, as `--data` of training.
            port: TCP port of the endpoint.

        Raises:
            OperationError: If a pipeline fails.
        """
        check_output_file("the page", PAGE)
        drift = self.train(data)
        config = self.write("deployment.yaml", f"endpoint: {{port: {port}}}\n")
        self.pipeline("Deploy the model", "deployment", "--config", config)
        self.traffic(drift.baseline, BASELINE, self.requests)
        self.check("Is there drift?", drift)
        self.release_worse_model(data, config)
        # Two thirds: images that were trained on are not sent again, so some must remain.
        self.traffic(drift.drifted, drift.options, self.requests * 2 // 3)
        canary = self.write("drift_detection.yaml", CANARY)
        self.check("Is there drift?", drift, "--config", canary)
        shadow = f"{drift.baseline}, with a candidate in the shadow"
        self.traffic(shadow, BASELINE, self.requests)
        self.traffic(f"{drift.more}, likewise", drift.more_options, self.requests // 2)
        self.check("Is the candidate no worse?", drift)
        brighter = (*BASELINE, "--corruption", "brightness")
        self.traffic("Brighter images, half of them to it", brighter, self.requests)
        self.check("Is the candidate no worse?", drift)
        self.traffic("A covered lens", (*BASELINE, "--corruption", "covered"), COVERED)
        self.check("Does the camera work?", None)
        self.pipeline("Show the history", "history", "--page", str(PAGE))
        self.table()
        self.console.print(f"\nopen [bold]{PAGE.as_uri()}[/]", soft_wrap=True)

    def release_worse_model(self, data: str, config: str) -> None:
        """Release a model that passes the gate, and fails on what the camera sends now.

        Args:
            data: The data source, as `--data` of training.
            config: Configuration of the deployment.
        """
        worse = self.write("training.yaml", "model: fisher\nparams: {blur: 0.2}\n")
        title = "Train another model: better on the test images, sensitive to noise"
        text = self.pipeline(title, "training", "--data", data, "--config", worse)
        trained = TrainingSummary.model_validate_json(text).model
        self.show(f"gate: {escape(trained.reason)}")
        if not trained.promoted:
            return
        options = ("--config", config, "--rollout", "canary")
        self.pipeline("Let it answer in the shadow", "deployment", *options)
        noise = (*BASELINE, "--corruption", "noise")
        self.traffic("Noisy images, with a candidate in the shadow", noise, self.requests)
        self.check("Is the candidate no worse?", None)

    def train(self, data: str) -> Drift:
        """Train a model, and print its accuracy.

        Args:
            data: The data source, as `--data` of training.

        Returns:
            How to simulate drift with these data.
        """
        text = self.pipeline("Train a model", "training", "--data", data)
        trained = TrainingSummary.model_validate_json(text)
        if is_synthetic(trained.data.source):
            self.show("These faces are synthetic: the people do not exist.")
        drift = simulated_drift(trained.data)
        self.show(f"trained on {trained.data.condition}")
        self.show_accuracy(trained.metrics["baseline_accuracy"], "held-out faces like those")
        self.show_accuracy(trained.metrics["drifted_accuracy"], drift.images)
        return drift

    def traffic(self, title: str, selection: Sequence[str], requests: int) -> None:
        """Send faces, and print the accuracy.

        Args:
            title: What the traffic is called in the output.
            selection: Options of the traffic pipeline that select the faces.
            requests: Number of requests.
        """
        options = (*selection, "--requests", str(requests))
        text = self.pipeline(f"Traffic: {title}", "traffic", *options)
        sent = TrafficRunSummary.model_validate_json(text).traffic
        self.sent.append((title, sent))
        self.show(f"accuracy {sent.accuracy:.0%}, answered by version {sent.model_version}")

    def check(self, title: str, drift: Drift | None, *options: str) -> None:
        """Detect drift, and print the decision and its consequences.

        Args:
            title: The heading in the output.
            drift: What drift is simulated with; None if it is something else.
            options: Options of drift detection.
        """
        text = self.pipeline(title, "drift_detection", *options)
        summary = DriftSummary.model_validate_json(text)
        if summary.canary:
            self.show(f"canary: {describe_canary(summary.canary)}")
        self.show(f"{summary.decision}: {summary.reason}")
        if summary.remedy:
            self.show(f"to do: {summary.remedy}")
        if summary.retrained and drift:
            unseen = f"{drift.images} that it was not trained on"
            self.show_accuracy(summary.metrics.get("drifted_accuracy"), unseen)
            self.show(f"gate: {summary.gate}")
        if summary.deployed_version:
            self.show(f"live: version {summary.deployed_version}")

    def write(self, name: str, text: str) -> str:
        """Write a configuration file.

        Args:
            name: Its name.
            text: Its content.

        Returns:
            Its path.
        """
        file = self.folder / name
        file.write_text(text)
        return str(file)

    def show_accuracy(self, accuracy: float | None, images: str) -> None:
        """Print an accuracy, unless there were no such images.

        Args:
            accuracy: The share of correct predictions; None without images.
            images: What the images are called.
        """
        if accuracy is not None:
            self.show(f"accuracy {accuracy:.0%} on {images}")

    def pipeline(self, title: str, name: str, *options: str) -> str:
        """Run a pipeline on the command line.

        Args:
            title: The heading in the output.
            name: The pipeline.
            options: Its command-line options.

        Returns:
            The run's summary as JSON.

        Raises:
            OperationError: If the run fails.
        """
        command = ["run.py", "--pipeline", name, *options]
        self.console.print(f"\n[bold]{title}[/]")
        self.console.print(f"[dim]python {' '.join(command)}[/]", soft_wrap=True)
        file = self.folder / "summary.json"
        process = subprocess.run(
            [sys.executable, *command, "--summary", str(file)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        if process.returncode:
            raise OperationError(f"{name} ended with exit code {process.returncode}")
        return file.read_text()

    def show(self, text: str) -> None:
        """Print a result.

        Args:
            text: The result, as markup.
        """
        self.console.print(f"  → {text}", soft_wrap=True)

    def table(self) -> None:
        """Print accuracy and failed requests of each round of traffic."""
        table = Table("traffic", "version", "accuracy", "failed requests", box=None)
        for title, sent in self.sent:
            table.add_row(title, sent.model_version, f"{sent.accuracy:.0%}", str(sent.failed))
        self.console.print()
        self.console.print(table)


def stop_server() -> None:
    """Stop the demo's server, if it was started."""
    silence_framework_logs()
    from components.deployers.seldon_local import process

    for folder in Path(os.environ["ZENML_CONFIG_PATH"]).glob("local_stores/*/face-recognizer"):
        process.stop(folder)
