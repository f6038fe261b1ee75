"""Report what a change does to the data: images, people, labels and conditions of every source.

python -m scripts.data_changes --base main --out data-changes

Compares the working tree with a commit. Writes report.md, and a picture SOURCE.png of the faces
that changed, as far as their images are available: synthetic faces always are, the Olivetti faces
if scikit-learn has them or can download them.
"""

import argparse
import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten

from matplotlib.figure import Figure

from cli.exit_codes import exit_code
from faces.errors import OperationError, UserError
from faces.reports.image_grid import Tile, image_grid
from faces.reports.png import as_png
from scripts.data_comparison import (
    Changes,
    Snapshot,
    compare,
    condition_counts,
    read_snapshot,
)

ROOT = Path(__file__).parent.parent
PER_ROW = 6
MAX_IMAGES = 40
MAX_TITLE = 36
MAX_ROWS = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and write the report.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`.
    """
    parser = argparse.ArgumentParser(
        prog="python -m scripts.data_changes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--base", required=True, metavar="REF", help="commit to compare with")
    parser.add_argument("--out", type=Path, default=Path("data-changes"), metavar="FOLDER")
    args = parser.parse_args(arguments)
    return exit_code(lambda: write_report(args.base, args.out))


def write_report(base: str, out: Path) -> None:
    """Compare the working tree with a commit, and write the report.

    Args:
        base: The commit.
        out: The folder to write to.

    Raises:
        UserError: If there is no such commit.
        OperationError: If the sources of either cannot be loaded.
    """
    with TemporaryDirectory(prefix="data-changes-") as folder:
        _unpack(base, Path(folder, "base"))
        old = _snapshots(Path(folder, "base"), f"commit {base}")
        new = _snapshots(ROOT, "the working tree")
    out.mkdir(parents=True, exist_ok=True)
    sections = []
    for name in sorted(old.keys() | new.keys()):
        if name not in old or name not in new:
            sections.append(f"## {name}\n\nThe source was {'added' if name in new else 'removed'}.")
            continue
        changes = compare(old[name], new[name])
        sections.append(f"## {name}\n\n{describe(old[name], new[name], changes)}")
        if tiles := changed_faces(old[name], new[name], changes):
            (out / f"{name}.png").write_bytes(draw(tiles))
            sections.append(f"`{name}.png` shows {min(len(tiles), MAX_IMAGES)} images.")
    text = "\n\n".join([f"# Data compared with {base}", *sections]) + "\n"
    (out / "report.md").write_text(text)
    print(text)


def describe(old: Snapshot, new: Snapshot, changes: Changes) -> str:
    """Describe the differences between two snapshots.

    Args:
        old: The snapshot of the base commit.
        new: The snapshot of the present commit.
        changes: Their differences.

    Returns:
        Markdown.
    """
    if not changes:
        return f"No changes: {len(new.labels)} images."
    rows = [("images", len(old.labels), len(new.labels))]
    if old.has_images and new.has_images:
        rows.append(("people", len(set(old.labels)), len(set(new.labels))))
    before, after = condition_counts(old), condition_counts(new)
    rows += [
        (f"{name} = {value}", before[name, value], after[name, value])
        for name, value in sorted(before.keys() | after.keys())
        if before[name, value] != after[name, value]
    ]
    counts = {
        "added": changes.added,
        "removed": changes.removed,
        "relabelled": changes.relabelled,
        "other pixels": changes.redrawn,
        "other conditions": changes.conditions,
    }
    summary = ", ".join(f"{len(found)} {what}" for what, found in counts.items() if found)
    lines = ["| | before | after |", "|---|---|---|", *(f"| {n} | {b} | {a} |" for n, b, a in rows)]
    return "\n".join([f"Images: {summary}.", "", *lines, *_table(old, new, changes)])


def changed_faces(old: Snapshot, new: Snapshot, changes: Changes) -> list[Tile]:
    """List the images that changed, with what changed about each.

    Args:
        old: The snapshot of the base commit.
        new: The snapshot of the present commit.
        changes: Their differences.

    Returns:
        Images with titles; none if the images of either snapshot are unavailable.
    """
    if not (old.has_images and new.has_images):
        return []
    tiles: list[Tile] = []
    for i, j in changes.redrawn[:: 1 + 2 * len(changes.redrawn) // MAX_IMAGES]:
        tiles += [(old.images[i], f"{old.labels[i]} before"), (new.images[j], "after")]
    for i, j in changes.relabelled:
        tiles.append((new.images[j], f"{old.labels[i]} → {new.labels[j]}"))
    redrawn = {j for _, j in changes.redrawn}
    for i, j, names in changes.conditions:
        if j not in redrawn:
            what = ", ".join(_change(old, i, new, j, name) for name in names)
            tiles.append(
                (new.images[j], shorten(f"{new.labels[j]} {what}", MAX_TITLE, placeholder=" …"))
            )
    tiles += [(new.images[j], f"{new.labels[j]} added") for j in changes.added]
    tiles += [(old.images[i], f"{old.labels[i]} removed") for i in changes.removed]
    return tiles


def draw(tiles: Sequence[Tile]) -> bytes:
    """Draw faces with titles.

    Args:
        tiles: Images with titles; the first `MAX_IMAGES` are drawn.

    Returns:
        A PNG file.
    """
    shown = tiles[:MAX_IMAGES]
    figure = Figure(figsize=(12, 2.4 * -(-len(shown) // PER_ROW)), layout="constrained")
    image_grid(figure.subplots(), shown, PER_ROW)
    return as_png(figure)


def _table(old: Snapshot, new: Snapshot, changes: Changes) -> list[str]:
    """Return a table of the labels and conditions that changed, image by image."""
    rows = [(j, "label", old.labels[i], new.labels[j]) for i, j in changes.relabelled]
    rows += [
        (j, name, old.conditions.iloc[i].get(name, "–"), new.conditions.iloc[j].get(name, "–"))
        for i, j, names in changes.conditions
        for name in names
    ]
    if not rows:
        return []
    lines = [f"| {j} | {new.labels[j]} | {what} | {b} | {a} |" for j, what, b, a in rows[:MAX_ROWS]]
    hidden = [f"\n… and {len(rows) - MAX_ROWS} more"] if len(rows) > MAX_ROWS else []
    header = ["", "| image | person | what | before | after |", "|---|---|---|---|---|"]
    return [*header, *lines, *hidden]


def _change(old: Snapshot, i: int, new: Snapshot, j: int, name: str) -> str:
    before, after = old.conditions.iloc[i], new.conditions.iloc[j]
    return f"{name}: {before.get(name, '–')} → {after.get(name, '–')}"


def _unpack(commit: str, folder: Path) -> None:
    """Extract the package `faces` of a commit."""
    done = subprocess.run(["git", "archive", commit, "faces"], cwd=ROOT, capture_output=True)
    if done.returncode:
        reason = done.stderr.decode().strip().rpartition("fatal: ")[2]
        raise UserError(f"cannot read commit '{commit}': {reason}: give --base a commit or branch")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def _snapshots(root: Path, what: str) -> dict[str, Snapshot]:
    """Load every source with the package `faces` in a folder."""
    script = Path(__file__).with_name("dump_sources.py")
    with TemporaryDirectory(prefix="sources-") as folder:
        done = subprocess.run(
            [sys.executable, str(script), folder],
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            reason = (done.stderr.strip() or "no message").splitlines()[-1]
            raise OperationError(f"the data sources of {what} cannot be loaded: {reason}")
        return {file.stem: read_snapshot(file) for file in sorted(Path(folder).glob("*.npz"))}


if __name__ == "__main__":
    sys.exit(main())
