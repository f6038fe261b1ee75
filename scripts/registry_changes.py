"""Report a version of the model: metrics and settings next to the previous version, and the gate.

python -m scripts.registry_changes --version 7 --out registry-changes

Reads ZenML's Model Control Plane, which every stack has: that of this machine, or of the server in
ZENML_STORE_URL and ZENML_STORE_API_KEY. Writes report.md.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cli import runtime_env
from cli.exit_codes import exit_code
from faces import NAME
from faces.errors import UserError

SERVER = ("ZENML_STORE_URL", "ZENML_STORE_API_KEY")
METRICS, SETTINGS = "metrics", "settings"
FACTS = {
    "data_source": "data source",
    "data_version": "data version",
    "registry_version": "version in the tracker's registry",
    "gate": "gate decision",
    "rolled_back": "rolled back",
}
"""Metadata of a version, and their names in the report."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and write the report.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`.
    """
    parser = argparse.ArgumentParser(
        prog="python -m scripts.registry_changes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", default="", metavar="N", help="default: the newest")
    parser.add_argument("--out", type=Path, default=Path("registry-changes"), metavar="FOLDER")
    args = parser.parse_args(arguments)
    for name in SERVER:
        if os.environ.get(name) == "":  # a variable of the workflow that is not set
            del os.environ[name]
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    return exit_code(lambda: write_report(args.version, args.out))


def write_report(number: str, out: Path) -> None:
    """Compare a version with the previous one, and write the report.

    Args:
        number: The version's number; "" for the newest.
        out: The folder to write to.

    Raises:
        UserError: If there is no such version.
    """
    from store.versions import all_versions

    versions = {version.number: version for version in all_versions()}
    numbers = sorted(versions, reverse=True)
    if not numbers:
        raise UserError(
            f"there are no versions of {NAME}: train one, or set {' and '.join(SERVER)} to read "
            "them from a server"
        )
    chosen = number or str(numbers[0])
    if chosen not in map(str, numbers):
        listed = ", ".join(map(str, numbers))
        raise UserError(f"there is no version '{chosen}' of {NAME}: choose from {listed}")
    previous = next((n for n in numbers if n < int(chosen)), None)
    text = describe(
        {
            f"version {n}": {"stage": str(versions[n].stage or "none"), **versions[n].run_metadata}
            for n in (int(chosen), previous)
            if n is not None
        }
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.md").write_text(text)
    print(text)


def describe(versions: Mapping[str, Mapping[str, Any]]) -> str:
    """Describe the first of one or two versions, next to the second.

    Args:
        versions: The stage and the metadata of each version, by its title.

    Returns:
        Markdown.
    """
    titles, columns = list(versions), list(versions.values())
    facts = [
        (text, [str(column.get(name, "–")) for column in columns])
        for name, text in {"stage": "stage", **FACTS}.items()
        if any(name in column for column in columns)
    ]
    sections = [f"# {NAME}: {titles[0]}", _table(["", *titles], facts)]
    metrics = [dict(column.get(METRICS, {})) for column in columns]
    rows = [
        (name, _measured([m.get(name) for m in metrics])) for name in sorted(set().union(*metrics))
    ]
    change = ["change"] if len(columns) > 1 else []
    sections += ["## Metrics", _table(["", *titles, *change], rows)]
    settings = [_flatten(column.get(SETTINGS, {})) for column in columns]
    differing = [
        (name, values)
        for name in sorted(set().union(*settings))
        if len(set(values := [s.get(name, "–") for s in settings])) > 1
    ]
    if differing:
        sections += ["## Settings that differ", _table(["", *titles], differing)]
    return "\n\n".join(sections) + "\n"


def _measured(values: Sequence[float | None]) -> list[str]:
    """Format a metric of each version, and its change from the second version to the first."""
    cells = ["–" if value is None else f"{value:.3f}" for value in values]
    if len(values) == 1:
        return cells
    new, old = values
    return [*cells, "–" if new is None or old is None else f"{new - old:+.3f}"]


def _flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = str(value)
    return flat


def _table(header: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    lines = [header, ["---"] * len(header), *([name, *cells] for name, cells in rows)]
    return "\n".join(f"| {' | '.join(_escape(cell) for cell in line)} |" for line in lines)


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.exit(main())
