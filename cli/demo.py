"""Play the whole story on this machine: train, serve, drift, retrain, redeploy, and back.

    make demo
    python -m cli.demo --data synthetic

It has a ZenML of its own, on a port of its own, and leaves nothing behind but demo.html.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.runtime_env import ROOT, set_defaults, silence_framework_logs
from faces.errors import OperationError

TURNED = "yaw=left,right"
PAGE = Path("demo.html").absolute()


def main() -> int:
    """Play it, then show accuracy and failures over time."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="auto", metavar="SOURCE", help="as for training")
    parser.add_argument("--requests", type=int, default=60, metavar="N", help="of each traffic")
    parser.add_argument("--port", type=int, default=9010, help="of the endpoint")
    args = parser.parse_args()
    set_defaults()
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ZENML_CONFIG_PATH"] = folder
        demo = Demo(Path(folder), console, args.requests)
        try:
            demo.play(args.data, args.port)
        except OperationError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        finally:
            stop_server()
    return 0


class Demo:
    """The acts, and what is remembered of them for the table at the end."""

    def __init__(self, folder: Path, console: Console, requests: int) -> None:
        self.folder, self.console, self.requests = folder, console, requests
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def play(self, data: str, port: int) -> None:
        """All acts in order."""
        trained = self.act("A model is trained on frontal faces", "training", "--data", data)
        if trained["data"]["source"] == "synthetic":
            self.say("These faces are synthetic: the people do not exist.")
        self.say(f"{trained['metrics']['baseline_accuracy']:.0%} right on held-out frontal faces, "
                 f"{trained['metrics']['drifted_accuracy']:.0%} on turned ones.")  # fmt: skip
        config = self.folder / "deployment.yaml"
        config.write_text(f"endpoint: {{port: {port}}}\n")
        self.act("It goes live", "deployment", "--config", str(config))
        self.traffic("Frontal traffic comes", "yaw=frontal", self.requests)
        self.check("Is there drift?")
        # Two thirds: what is learned is no traffic any more, and some must be left.
        self.traffic("Turned heads come", TURNED, self.requests * 2 // 3)
        self.check("Is there drift?")
        self.traffic("Turned heads come that nobody has learned from", TURNED, self.requests // 3)
        self.check("Is that drift again?")
        self.act("Somebody wants the former model back", "rollback", "--reason", "for the story")
        self.act("All of it on one page", "history", "--page", str(PAGE))
        self.table()
        self.console.print(f"\nlook at [bold]{PAGE.as_uri()}[/]", soft_wrap=True)

    def act(self, title: str, pipeline: str, *options: str) -> dict[str, Any]:
        """Run a pipeline as a person would, and read its summary."""
        command = ["run.py", "--pipeline", pipeline, *options]
        self.console.print(f"\n[bold]{title}[/]")
        self.console.print(f"[dim]python {' '.join(command)}[/]", soft_wrap=True)
        file = self.folder / "summary.json"
        done = subprocess.run(
            [sys.executable, *command, "--summary", str(file)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        if done.returncode:
            raise OperationError(f"{pipeline} ended with {done.returncode}")
        summary: dict[str, Any] = json.loads(file.read_text())
        return summary

    def traffic(self, title: str, condition: str, requests: int) -> None:
        """Send faces, and say how many were named rightly."""
        options = ("--condition", condition, "--requests", str(requests))
        sent = self.act(title, "traffic", *options)["traffic"]
        self.sent.append((title, sent))
        self.say(f"{sent['accuracy']:.0%} right, by version {sent['model_version']}.")

    def check(self, title: str) -> None:
        """Look for drift, and say what was decided."""
        found = self.act(title, "drift_detection")
        self.say(f"{found['decision']}: {found['reason']}.")
        if found["retrained"]:
            held_out = found["metrics"].get("drifted_accuracy")
            self.say(f"{held_out:.0%} right on turned faces that nobody ever learned from.")
            self.say(f"gate: {found['gate']}")
            self.say(f"live: version {found['deployed_version'] or 'as before'}")

    def say(self, text: str) -> None:
        """One line of the story."""
        self.console.print(f"  → {text}", soft_wrap=True)

    def table(self) -> None:
        """Accuracy and failures, traffic by traffic."""
        table = Table("traffic", "version", "right", "failed requests", box=None)
        for title, sent in self.sent:
            right = f"{sent['accuracy']:.0%}"
            table.add_row(title, sent["model_version"], right, str(sent["failed"]))
        self.console.print()
        self.console.print(table)


def stop_server() -> None:
    """Stop the story's server, if it was started."""
    silence_framework_logs()
    from components.deployers.seldon_local import process

    for folder in Path(os.environ["ZENML_CONFIG_PATH"]).glob("local_stores/*/face-recognizer"):
        process.stop(folder)


if __name__ == "__main__":
    sys.exit(main())
