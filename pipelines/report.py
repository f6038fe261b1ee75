"""The summary of a training run as a table for a person."""

from typing import Any

from rich.console import Console
from rich.table import Table

from faces.dataset import CREDITS


def print_summary(summary: dict[str, Any], console: Console) -> None:
    """Print data, people, features, accuracy, the model's version and stage, where to look next."""
    data, metrics, model, run = (summary[k] for k in ("data", "metrics", "model", "run"))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column()
    source = f"{CREDITS[data['source']]} [dim](version {data['version']})[/]"
    table.add_row("data", source)
    table.add_row("people", f"{data['subjects'] - len(data['left_out'])} of {data['subjects']}")
    if data["left_out"]:
        table.add_row("", f"[yellow]too few images to enrol: {', '.join(data['left_out'])}[/]")
    table.add_row(
        "images",
        f"{data['train']} training ({data['condition']}), {data['test']} test, "
        f"{data['drifted']} drifted",
    )
    table.add_row(
        "PCA",
        f"{metrics['pca_components']:.0f} components, {metrics['pca_variance']:.1%} of the variance",
    )
    table.add_row("baseline accuracy", _accuracy(metrics, "baseline"))
    table.add_row("drifted accuracy", _accuracy(metrics, "drifted"))
    colour = "green" if model["promoted"] else "yellow"
    table.add_row("model", f"{model['name']} version {model['version']}, stage {model['stage']}")
    table.add_row("gate", f"[{colour}]{model['reason']}[/]")
    table.add_row("run", f"{run['name']} [dim]on stack '{run['stack']}'[/]")
    table.add_row("look next", "make dashboard [dim]the run and its pictures[/]")
    if run["tracking"]:
        table.add_row("", f"mlflow ui --backend-store-uri {run['tracking']}")
    console.print()
    if data["source"] == "synthetic":
        console.print(
            "[bold black on yellow] SYNTHETIC FACES [/] [yellow]drawn by a procedure: the accuracy "
            "below says nothing of real people.[/]\n"
        )
    console.print(table, soft_wrap=True)


def _accuracy(metrics: dict[str, Any], part: str) -> str:
    if metrics[f"{part}_accuracy"] is None:
        return "[dim]no such images[/]"
    low, high = metrics[f"{part}_accuracy_low"], metrics[f"{part}_accuracy_high"]
    return (
        f"{metrics[f'{part}_accuracy']:.3f} [dim](95 % interval {low:.3f} to {high:.3f}, "
        f"calibration error {metrics[f'{part}_calibration_error']:.3f})[/]"
    )
