"""Print the summary of a run, and its JSON schema."""

import json
from collections.abc import Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import get_type_hints

from pydantic import TypeAdapter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.shared.registry import load_pipeline, pipeline_names
from pipelines.shared.summary import Summary


def print_summary(summary: Summary, console: Console) -> None:
    """Print the outcome of a run, and the next steps.

    Args:
        summary: The finished summary.
        console: Where it is printed.
    """
    if notice := summary.notice():
        console.print(f"\n{notice}")
    rows = dict(summary.rows())
    if rows:
        print_rows(rows, console)
    heading = "next: "
    for number, step in enumerate(summary.next_steps()):
        indent = heading if number == 0 else " " * len(heading)
        console.print(f"{'' if number else chr(10)}{indent}{step}", soft_wrap=True)
    if page := summary.page():
        place = page if "://" in page else Path(page).absolute().as_uri()
        console.print(f"\nopen [bold]{escape(place)}[/]", soft_wrap=True)


def summary_schema() -> str:
    """Return the JSON schema of what `--summary` writes, for all pipelines."""
    kinds = {get_type_hints(load_pipeline(name).summarize)["return"] for name in pipeline_names()}
    ordered = sorted(kinds, key=lambda kind: str(kind.__name__))
    adapter: TypeAdapter[Summary] = TypeAdapter(reduce(or_, ordered))
    schema = adapter.json_schema(mode="serialization")
    return json.dumps({"title": "Summary of a run", **schema}, indent=2)


def print_rows(rows: Mapping[str, str], console: Console) -> None:
    """Print titles and texts in two columns, after a blank line.

    Args:
        rows: Texts with markup, by title.
        console: Where to print.
    """
    width = max(map(len, rows))
    console.print()
    for name, text in rows.items():
        if text.startswith("http"):
            # An address must not be wrapped, even on a narrow terminal.
            console.print(f"[bold]{name:{width}}[/]  {text}", soft_wrap=True)
            continue
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(style="bold", no_wrap=True, width=width)
        table.add_column(overflow="fold")
        table.add_row(name, text)
        console.print(table)
