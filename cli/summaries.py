"""The summary of a run, for a person."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from components.settings import Settings
from faces import NAME
from faces.data.sources import credit, is_synthetic
from pipelines.schemas import (
    DriftSettings,
    HistorySettings,
    SweepSettings,
    TrafficSettings,
    TrainingSettings,
)
from stacks.readiness import mlflow_ui_hint


def print_summary(settings: Settings, summary: dict[str, Any], console: Console) -> None:
    """Print what came of a pipeline."""
    if isinstance(settings, TrainingSettings):
        drawn = is_synthetic(summary["data"]["source"])
        print_training(summary, console, instead=drawn and settings.data.source == "auto")
    elif isinstance(settings, SweepSettings):
        print_sweep(summary, console)
        print_training(summary, console)
    elif isinstance(settings, TrafficSettings):
        print_traffic(summary, console)
    elif isinstance(settings, DriftSettings):
        print_drift(summary, console)
    elif isinstance(settings, HistorySettings):
        _print_page(console, settings.page)
    else:
        print_deployment(summary, console)


def print_drift(summary: dict[str, Any], console: Console) -> None:
    """Print what the window shows, what was decided, and what came of it."""
    drift, metrics, run = summary["drift"], summary["metrics"], summary["run"]
    quiet = summary["decision"] in ("none", "not_enough_evidence")
    rows = {
        "window": f"{drift['window']} images of {drift['subjects']} people, "
        f"{drift['labelled']} with feedback [dim](against version {drift['version']})[/]"
        + (f"; [yellow]{drift['damaged']} damaged, passed over[/]" if drift["damaged"] else ""),
        "decision": f"[{'green' if quiet else 'yellow'}]{summary['decision']}[/]",
        "reason": escape(summary["reason"]),
    }
    if drift["accuracy"]:
        now = drift["accuracy"]
        rows["accuracy now"] = (
            f"{now['now']:.3f} [dim](95 % interval {now['low']:.3f} to {now['high']:.3f}; "
            f"{now['before']:.3f} on the baseline test)[/]"
        )
    if summary["retrained"]:
        rows["baseline accuracy"] = _accuracy(metrics, "baseline")
        if "drifted_accuracy" in metrics:
            rows["drifted accuracy"] = _accuracy(metrics, "drifted")
        rows["gate"] = escape(summary["gate"])
        live = summary["deployed_version"]
        rows["live"] = f"[green]version {live}[/]" if live else "unchanged"
    if alert := summary["alert"]:
        told = "told" if alert["delivered"] else "[red]nobody was told[/]"
        rows["alert"] = f"{told} [dim](alerter {escape(alert['by'])})[/]"
    rows["run"] = f"{run['name']} [dim]on stack '{run['stack']}'[/]"
    _print_rows(console, rows)
    if summary["page"]:
        _print_page(console, summary["page"])


def print_sweep(summary: dict[str, Any], console: Console) -> None:
    """Print what was tried, and what was best."""
    found = summary["sweep"]
    left = f", {found['planned'] - found['tried']} not for lack of time"
    params = ", ".join(f"{name} {value}" for name, value in found["params"].items())
    rows = {
        "tried": f"{found['tried']} of {found['planned']}"
        + (left if found["tried"] < found["planned"] else "")
        + (f" [dim]({found['recalled']} of them before)[/]" if found["recalled"] else ""),
        "best": f"[green]{found['model']}[/] [dim]({escape(params)})[/]",
        "cross-validated": f"accuracy {found['accuracy']:.3f}, log loss {found['log_loss']:.3f}",
    }
    _print_rows(console, rows)


def print_traffic(summary: dict[str, Any], console: Console) -> None:
    """Print what was sent and what came back."""
    sent, run = summary["traffic"], summary["run"]
    what = sent["condition"] + (f", with {sent['corruption']}" if sent["corruption"] else "")
    accuracy = "" if sent["accuracy"] is None else f"{sent['accuracy']:.3f}"
    failed = f"[red]{sent['failed']} failed[/]" if sent["failed"] else "none failed"
    _print_rows(
        console,
        {
            "sent": f"{sent['requests']} requests, {sent['images']} different images "
            f"[dim]({escape(what)})[/]",
            "answered": f"by version {sent['model_version']}; {failed}",
            "accuracy": accuracy,
            "feedback": f"the truth of {sent['feedback']} requests",
            "run": f"{run['name']} [dim]on stack '{run['stack']}'[/]",
        },
    )
    console.print("\nlook next: [bold]python -m cli.captured[/]")


def print_deployment(summary: dict[str, Any], console: Console) -> None:
    """Print what is live where, in place of what, why, and how to ask it."""
    endpoint, run = summary["endpoint"], summary["run"]
    former = f"version {summary['replaced']}" if summary["replaced"] else "nothing"
    again = " (it was live already)" if summary["replaced"] == endpoint["model_version"] else ""
    _print_rows(
        console,
        {
            "live": f"[green]{NAME} version {endpoint['model_version']}[/]",
            "in place of": f"{former}{again}",
            "endpoint": f"{endpoint['url']}/api/v1.0/predictions",
            "verified": "it answers as the model itself does [dim](largest difference of a "
            f"probability {summary['largest_difference']:.1g})[/]",
            **({"noticed": f"[yellow]{summary['note']}[/]"} if summary["note"] else {}),
            "reason": escape(summary["reason"]),
            "by": escape(f"{summary['who']}, {summary['when']}"),
            "run": f"{run['name']} [dim]on stack '{run['stack']}'[/]",
        },
    )
    console.print("\nlook next: [bold]python -m cli.predict[/] sends it a face")
    console.print("           [bold]zenml model-deployer models list[/]")
    console.print("           [bold]python run.py --pipeline rollback[/] goes back a version")


def print_training(summary: dict[str, Any], console: Console, instead: bool = False) -> None:
    """Print data, people, features, accuracy, the model's version and stage, where to look next.

    `instead` says that synthetic faces were taken because the real ones could not be had.
    """
    data, metrics, model, run = (summary[k] for k in ("data", "metrics", "model", "run"))
    enrolled = data["subjects"] - len(data["left_out"])
    left_out = f", too few images: {_some(data['left_out'])}" if data["left_out"] else ""
    pca = {}
    if "pca_variance" in metrics:
        variance = f"{metrics['pca_variance']:.1%} of the variance"
        pca = {"PCA": f"{metrics['pca_components']:.0f} components, {variance}"}
    rows = {
        "data": f"{credit(data['source'])} [dim](version {data['version']})[/]",
        "people": f"{enrolled} of {data['subjects']}[yellow]{left_out}[/]",
        "images": f"{data['train']} training, {data['test']} test, {data['drifted']} drifted "
        f"[dim](baseline: {escape(data['condition'])})[/]",
        **pca,
        "baseline accuracy": _accuracy(metrics, "baseline"),
        "drifted accuracy": _accuracy(metrics, "drifted"),
        "strangers": _strangers(metrics),
        "model": f"{model['name']} version {model['version']}, stage {model['stage']}",
        "gate": f"[{'green' if model['promoted'] else 'yellow'}]{escape(model['reason'])}[/]",
        "run": f"{run['name']} [dim]on stack '{run['stack']}'[/]",
    }
    if is_synthetic(data["source"]):
        why = "The Olivetti faces were neither cached nor to be downloaded. " if instead else ""
        console.print(
            f"\n[bold black on yellow] SYNTHETIC FACES [/] [yellow]{why}These people do not exist: "
            "the figures below say nothing of real faces.[/]"
        )
    _print_rows(console, rows)
    console.print("\nlook next: [bold]make dashboard[/] for the run and its pictures")
    console.print("           [bold]python run.py --pipeline deployment[/] to serve the model")
    if run["mlflow"]:
        console.print(f"           [bold]{mlflow_ui_hint(run['mlflow'])}[/]", soft_wrap=True)


def _print_rows(console: Console, rows: dict[str, str]) -> None:
    width = max(map(len, rows))
    console.print()
    for name, text in rows.items():
        if text.startswith("http"):
            console.print(f"[bold]{name:{width}}[/]  {text}", soft_wrap=True)
            continue
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(style="bold", no_wrap=True, width=width)
        table.add_column(overflow="fold")
        table.add_row(name, text)
        console.print(table)


def _strangers(metrics: dict[str, Any]) -> str:
    if "open_set_auroc" not in metrics:
        return "[dim]too few people to tell[/]"
    area = f"area under the ROC {metrics['open_set_auroc']:.3f}"
    if "open_set_rejection_threshold" not in metrics:
        return f"named like anyone else [dim]({area}: this model cannot tell them)[/]"
    told, mistaken = (1 - metrics[f"open_set_{name}_accept_rate"] for name in ("false", "true"))
    return f"{told:.1%} are called unknown, of known people {mistaken:.1%} [dim]({area})[/]"


def _print_page(console: Console, page: str) -> None:
    place = page if "://" in page else Path(page).absolute().as_uri()
    console.print(f"\nlook at [bold]{escape(place)}[/]", soft_wrap=True)


def _some(names: list[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return escape(", ".join(names[:most]) + more)


def _accuracy(metrics: dict[str, Any], part: str) -> str:
    if metrics[f"{part}_accuracy"] is None:
        return "[dim]no such images[/]"
    low, high = metrics[f"{part}_accuracy_low"], metrics[f"{part}_accuracy_high"]
    error = metrics[f"{part}_calibration_error"]
    return (
        f"{metrics[f'{part}_accuracy']:.3f} [dim](95 % interval {low:.3f} to {high:.3f}; "
        f"calibration error {error:.3f})[/]"
    )
